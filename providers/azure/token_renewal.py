"""Access tokens: given out again before their time, and renewed when Azure says it has passed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any, Final

from azure.core.credentials import AccessToken
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

from skyclust.redaction import register_issued

EXPIRED: Final = "ExpiredAuthenticationToken"
"""Resource Manager's code for a token whose time has passed by its clock
(https://learn.microsoft.com/en-us/azure/azure-resource-manager/troubleshooting/common-deployment-errors)."""


class RenewableIdentity:
    """An identity of azure-identity that can be made anew, and forgets its tokens by that."""

    def __init__(self, open_identity: Callable[[], Any]) -> None:
        self._open = open_identity
        self._lock = threading.Lock()
        self._identity: Any = None
        self._given: str | None = None

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token, from the identity's cache while it takes it for good."""
        with self._lock:
            if self._identity is None:
                self._identity = self._open()
            identity = self._identity
        token: AccessToken = identity.get_token(*scopes, **options)
        register_issued(token.token)
        with self._lock:
            if identity is self._identity:
                self._given = token.token
        return token

    def forget(self, token: str) -> None:
        """Let the next token be a new one, unless another thread has seen to that."""
        with self._lock:
            if self._given == token:
                self._identity = self._given = None


class Authentication(ARMChallengeAuthenticationPolicy):
    """Adds the token, and once a new one for a token that Azure takes for expired.

    The identity goes by the clock of this computer and Azure by its own, so a token may be
    good here and expired there. What is refused so was not carried out, and may be sent again.

    To an endpoint without TLS the token is added too: whoever typed http:// meant it.
    """

    def __init__(self, identity: RenewableIdentity, scope: str) -> None:
        super().__init__(identity, scope)
        self._renewable = identity

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Add the token to a request."""
        request.context["enforce_https"] = False
        super().on_request(request)

    def on_challenge(
        self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]
    ) -> bool:
        """Return whether the challenge of an answer is met; one that cannot be read is not."""
        try:
            return bool(super().on_challenge(request, response))
        except ValueError:
            return False

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Return the answer; a request whose token has expired is sent a second time."""
        answer = super().send(request)
        if answer.http_response.status_code != 401 or not _has_expired(answer.http_response):
            return answer
        sent = str(request.http_request.headers.get("Authorization", ""))
        self._renewable.forget(sent.partition(" ")[2])
        self._token = None
        self.on_request(request)
        return self.next.send(request)


def _has_expired(response: Any) -> bool:
    try:
        return bool(json.loads(response.read())["error"]["code"] == EXPIRED)
    except (ValueError, TypeError, KeyError):
        return False

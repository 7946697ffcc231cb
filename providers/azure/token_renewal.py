"""Access tokens: cached by azure-identity, and renewed when Azure reports them as expired."""

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
"""Resource Manager's error code for a token that has expired by its clock
(https://learn.microsoft.com/en-us/azure/azure-resource-manager/troubleshooting/common-deployment-errors)."""


class RenewableIdentity:
    """An azure-identity credential that can be replaced, which discards its cached tokens."""

    def __init__(self, open_identity: Callable[[], Any]) -> None:
        self._open = open_identity
        self._lock = threading.Lock()
        self._identity: Any = None
        self._latest_token: str | None = None

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token, from the cache of azure-identity while it considers the token valid."""
        with self._lock:
            if self._identity is None:
                self._identity = self._open()
            identity = self._identity
        token: AccessToken = identity.get_token(*scopes, **options)
        register_issued(token.token)
        with self._lock:
            if identity is self._identity:
                self._latest_token = token.token
        return token

    def discard(self, token: str) -> None:
        """Make the next call of `get_token` request a new token.

        Does nothing if another thread has discarded the token already.
        """
        with self._lock:
            if self._latest_token == token:
                self._identity = self._latest_token = None


class AuthenticationPolicy(ARMChallengeAuthenticationPolicy):
    """Adds the access token to requests, and repeats a request once if its token has expired.

    azure-identity judges the expiry by the clock of this computer and Azure by its own clock, so
    a token may be valid here and expired there. A request refused for that reason was not
    carried out and can be repeated.

    The token is also sent to an endpoint without TLS, because the credential names http://
    explicitly.
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
        """Return whether the response's challenge was met; False if it cannot be parsed."""
        try:
            return bool(super().on_challenge(request, response))
        except ValueError:
            return False

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Return the response; a request whose token has expired is sent a second time."""
        response = super().send(request)
        if response.http_response.status_code != 401 or not _has_expired(response.http_response):
            return response
        header = str(request.http_request.headers.get("Authorization", ""))
        self._renewable.discard(header.partition(" ")[2])
        self._token = None
        self.on_request(request)
        return self.next.send(request)


def _has_expired(response: Any) -> bool:
    try:
        return bool(json.loads(response.read())["error"]["code"] == EXPIRED)
    except (ValueError, TypeError, KeyError):
        return False

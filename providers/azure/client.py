"""The only place where a client of Azure is made.

This module imports the SDK; the others name its types only. What is read is read as plain
JSON through one pipeline of azure-core with the SDK's own policies, for the SDK's models cost
36 times as much as the JSON they are made of. What is changed goes through the SDK's clients,
which share the pipeline's transport, sign-in and retries.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

import orjson
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import policies
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.core.exceptions import ARMErrorFormat
from azure.mgmt.core.policies import ARMHttpLoggingPolicy
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

import skyclust
from providers.azure.api_version_policy import PinnedVersions
from providers.azure.authentication import (
    CONNECT_SECONDS,
    READ_SECONDS,
    BoundedRetries,
    open_identity,
)
from providers.azure.credential import AzureCredential
from providers.azure.html_policy import PlainAnswers
from providers.azure.token_renewal import Authentication, RenewableIdentity
from skyclust.errors import UnexpectedAnswer
from skyclust.providerkit.answers import require_list, require_object
from skyclust.providerkit.guarded_requests import guarded_session
from skyclust.providerkit.paging import PageGuard

ATTEMPTS: Final = 5
"""Resource Manager refills a throttled subscription's budget every second
(https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/request-limits-and-throttling)."""

POOL_CONNECTIONS: Final = 32
"""As many threads as may read one subscription at the same time."""

Document = dict[str, Any]
"""A thing as Azure's JSON has it."""


class AzureClients:
    """The clients of one credential, made when first used."""

    def __init__(self, credential: AzureCredential) -> None:
        self._credential = credential
        self._addresses = credential.addresses()
        self._lock = threading.RLock()
        self._made: dict[str, Any] = {}

    @property
    def subscription(self) -> str:
        """The path of the subscription: `/subscriptions/<id>`."""
        return f"/subscriptions/{self._credential.subscription_id}"

    @property
    def subscription_id(self) -> str:
        """The id of the subscription, in lower case."""
        return self._credential.subscription_id

    @property
    def resource_group(self) -> str:
        """The name of the group that machines are made in."""
        return self._credential.resource_group

    @property
    def compute(self) -> ComputeManagementClient:
        """The SDK's client of Microsoft.Compute."""
        return cast("ComputeManagementClient", self._management(ComputeManagementClient))

    @property
    def network(self) -> NetworkManagementClient:
        """The SDK's client of Microsoft.Network."""
        return cast("NetworkManagementClient", self._management(NetworkManagementClient))

    @property
    def resources(self) -> ResourceManagementClient:
        """The SDK's client of Microsoft.Resources."""
        return cast("ResourceManagementClient", self._management(ResourceManagementClient))

    def get(self, path: str, version: str, **query: str) -> Document:
        """Return what Resource Manager has at a path.

        Raises HttpResponseError, and UnexpectedAnswer for an answer that is no JSON object.
        """
        request = HttpRequest("GET", self._url(path), params={"api-version": version, **query})
        answer = require_object(self._answer(request), doing=f"read {path}", provider="azure")
        return cast("Document", answer)

    def get_list(self, path: str, version: str) -> list[Document]:
        """Return a list that Azure gives as a bare array, in one piece."""
        request = HttpRequest("GET", self._url(path), params={"api-version": version})
        whole = {"value": self._answer(request)}
        return _objects(require_list(whole, "value", doing=f"list {path}", provider="azure"), path)

    def pages(self, path: str, version: str, **query: str) -> Iterator[list[Document]]:
        """Yield the pages of a list; a page is read when it is asked for.

        Raises HttpResponseError, and UnexpectedAnswer for a page without its list and for a list
        that never ends.
        """
        doing = f"list {path}"
        guard = PageGuard(doing, "azure")
        request = HttpRequest("GET", self._url(path), params={"api-version": version, **query})
        while True:
            answer = self._answer(request)
            page = require_list(answer, "value", doing=doing, provider="azure")
            following = answer.get("nextLink")
            if following:
                guard.check(str(following), _marks(page, str(following)))
            yield page
            if not following:
                return
            request = HttpRequest("GET", self._here(str(following), doing))

    def every(self, path: str, version: str, **query: str) -> list[Document]:
        """Return all things of a list; raises UnexpectedAnswer when one is no JSON object."""
        pages = self.pages(path, version, **query)
        return _objects([thing for page in pages for thing in page], path)

    def claims(self) -> Mapping[str, Any]:
        """Return what the access token says of the identity; empty for a token that is no JWT."""
        token = self._identity().get_token(self._scope).token
        parts = token.split(".")
        if len(parts) != 3:
            return {}
        try:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        except ValueError:
            return {}
        return claims if isinstance(claims, dict) else {}

    def download(self, url: str, largest: int) -> bytes:
        """Return the end of a file that its address alone opens, at most `largest` bytes of it.

        Our token is not sent along: the file is in a storage account, not at Resource Manager.
        """
        response = self._outside().send_request(HttpRequest("GET", url), stream=True)
        with response:
            if response.status_code != 200:
                response.read()
                raise HttpResponseError(response=response)
            tail = bytearray()
            for chunk in response.iter_bytes():
                tail += chunk
                del tail[:-largest]
        return bytes(tail)

    def _answer(self, request: HttpRequest) -> Any:
        """Return the JSON of an answer; raises UnexpectedAnswer for one that is none."""
        response = self._reader().send_request(request)
        if response.status_code != 200:
            raise HttpResponseError(response=response, error_format=ARMErrorFormat)
        try:
            return orjson.loads(response.content)
        except ValueError as error:
            raise UnexpectedAnswer(
                f"Could not read {urlsplit(request.url).path}: the answer is no JSON.",
                hint="Is a proxy or another service answering at the endpoint?",
                provider="azure",
            ) from error

    def _url(self, path: str) -> str:
        if not path.startswith("/"):  # of an id in an answer, which may name another host so
            raise UnexpectedAnswer(f"{path!r} is no id of a resource.", provider="azure")
        return self._addresses.endpoint + path

    def _here(self, link: str, doing: str) -> str:
        """Return a link of an answer as an address of our endpoint: no other gets our token."""
        try:
            parts = urlsplit(link)
        except ValueError as error:
            raise UnexpectedAnswer(
                f"Could not {doing}: the link to the next page is no address.", provider="azure"
            ) from error
        home = urlsplit(self._addresses.endpoint)
        return f"{home.scheme}://{home.netloc}{parts.path}?{parts.query}"

    @property
    def _scope(self) -> str:
        return f"{self._addresses.audience}/.default"

    def _identity(self) -> RenewableIdentity:
        def make() -> RenewableIdentity:
            return RenewableIdentity(lambda: open_identity(self._credential))

        return cast("RenewableIdentity", self._once("identity", make))

    def _transport(self) -> RequestsTransport:
        return cast("RequestsTransport", self._once("transport", _transport))

    def _authentication(self) -> Authentication:
        return Authentication(self._identity(), self._scope)

    def _reader(self) -> ARMPipelineClient[HttpRequest, HttpResponse]:
        def make() -> ARMPipelineClient[HttpRequest, HttpResponse]:
            return ARMPipelineClient(
                base_url=self._addresses.endpoint,
                policies=[
                    policies.RequestIdPolicy(),
                    policies.UserAgentPolicy(user_agent()),
                    BoundedRetries(retry_total=ATTEMPTS - 1),
                    self._authentication(),
                    ARMHttpLoggingPolicy(),
                ],
                transport=self._transport(),
            )

        return cast("ARMPipelineClient[HttpRequest, HttpResponse]", self._once("reader", make))

    def _outside(self) -> ARMPipelineClient[HttpRequest, HttpResponse]:
        def make() -> ARMPipelineClient[HttpRequest, HttpResponse]:
            return ARMPipelineClient(
                base_url="",
                policies=[
                    policies.UserAgentPolicy(user_agent()),
                    BoundedRetries(retry_total=ATTEMPTS - 1),
                ],
                transport=self._transport(),
            )

        return cast("ARMPipelineClient[HttpRequest, HttpResponse]", self._once("outside", make))

    def _management(self, kind: Any) -> Any:
        def make() -> Any:
            return kind(
                self._identity(),
                self._credential.subscription_id,
                base_url=self._addresses.endpoint,
                credential_scopes=[self._scope],
                authentication_policy=self._authentication(),
                retry_policy=BoundedRetries(retry_total=ATTEMPTS - 1),
                per_call_policies=[PinnedVersions(), PlainAnswers()],
                user_agent=user_agent(),
                transport=self._transport(),
            )

        return self._once(kind.__name__, make)

    def _once(self, name: str, make: Any) -> Any:
        if name not in self._made:
            with self._lock:
                if name not in self._made:
                    self._made[name] = make()
        return self._made[name]


def _marks(page: list[Any], following: str) -> list[str]:
    """Return what tells the things of a page from those of others: ids, where things have them."""
    ids = [one["id"] for one in page if isinstance(one, dict) and isinstance(one.get("id"), str)]
    return ids or [following] * len(page)


def _objects(things: list[Any], path: str) -> list[Document]:
    """Return the things of a list, all of which are JSON objects."""
    return [
        cast("Document", require_object(one, doing=f"read an item of {path}", provider="azure"))
        for one in things
    ]


def user_agent() -> str:
    """Return the name that Azure's logs show for our calls."""
    return f"skyclust/{skyclust.__version__}"


def _transport() -> RequestsTransport:
    # Not the owner: a client that closes would close the session of all others.
    return RequestsTransport(
        session=guarded_session(connections=POOL_CONNECTIONS),
        session_owner=False,
        connection_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
    )

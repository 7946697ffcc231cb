"""The clients of the Azure SDK; this is the only module that constructs them.

Together with authentication, policies and token_renewal it imports the SDK; the other modules
import its types only. Resources are read as plain JSON through a pipeline of azure-core with the
SDK's own policies: the SDK's models take 36 times as long as the JSON that they are built from.
Changes go through the SDK's clients, which share the transport, authentication and retries of
that pipeline.
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
from providers.azure.authentication import open_identity
from providers.azure.credential import AzureCloud, AzureCredential
from providers.azure.list_pages import next_url, objects, page_marks
from providers.azure.policies import (
    ApiVersionPolicy,
    BoundedRetryPolicy,
    HtmlResponsePolicy,
    QueryRetryPolicy,
)
from providers.azure.public_requests import PublicRequests
from providers.azure.token_renewal import AuthenticationPolicy, RenewableIdentity
from skyclust.errors import UnexpectedAnswer, Unsupported
from skyclust.providerkit.answers import require_list, require_object
from skyclust.providerkit.error_context import ENDPOINT_HINT
from skyclust.providerkit.guarded_requests import guarded_session
from skyclust.providerkit.paging import PageGuard
from skyclust.providerkit.timeouts import CONNECT_SECONDS, LONG_READ_SECONDS

ATTEMPTS: Final = 5
"""Resource Manager refills the token bucket of a throttled subscription every second
(https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/request-limits-and-throttling)."""

POOL_CONNECTIONS: Final = 32
"""The number of threads that may read one subscription at the same time."""

RETAIL_PRICES: Final = "https://prices.azure.com"
"""The public price list of Azure, also of its regions for the US government
(https://learn.microsoft.com/en-us/rest/api/cost-management/retail-prices/azure-retail-prices)."""

Document = dict[str, Any]
"""A JSON object as Azure returns it."""


class AzureClients:
    """The clients of one credential, constructed on first use."""

    def __init__(self, credential: AzureCredential) -> None:
        self._credential = credential
        self._addresses = credential.addresses()
        self._lock = threading.RLock()
        self._constructed: dict[str, Any] = {}

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
        """The name of the resource group that VMs are created in."""
        return self._credential.resource_group

    @property
    def cost_billing_account(self) -> str | None:
        """The billing account whose imported exports have the subscription's costs, if any."""
        return self._credential.cost_billing_account

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
        """Return the resource at a path.

        Raises HttpResponseError, and UnexpectedAnswer for a response that is not a JSON object.
        """
        request = HttpRequest("GET", self._url(path), params={"api-version": version, **query})
        resource = require_object(self._read_json(request), doing=f"read {path}", provider="azure")
        return cast("Document", resource)

    def get_list(self, path: str, version: str) -> list[Document]:
        """Return a list that Azure returns as a bare JSON array, without pages."""
        request = HttpRequest("GET", self._url(path), params={"api-version": version})
        body = {"value": self._read_json(request)}
        return objects(require_list(body, "value", doing=f"list {path}", provider="azure"), path)

    def pages(self, path: str, version: str, **query: str) -> Iterator[list[Document]]:
        """Yield the pages of a list; a page is read when the iterator reaches it.

        Raises HttpResponseError, and UnexpectedAnswer for a page without its list and for a list
        that never ends.
        """
        doing = f"list {path}"
        guard = PageGuard(doing, "azure")
        request = HttpRequest("GET", self._url(path), params={"api-version": version, **query})
        while True:
            body = self._read_json(request)
            page = require_list(body, "value", doing=doing, provider="azure")
            next_link = body.get("nextLink")
            if next_link:
                guard.check(str(next_link), page_marks(page, str(next_link)))
            yield page
            if not next_link:
                return
            request = HttpRequest("GET", next_url(self._addresses.endpoint, str(next_link), doing))

    def list_all(self, path: str, version: str, **query: str) -> list[Document]:
        """Return the items of all pages; raises UnexpectedAnswer if one is not a JSON object."""
        pages = self.pages(path, version, **query)
        return objects([item for page in pages for item in page], path)

    def query(
        self, path: str, version: str, body: Document, *, link: str | None = None, **query: str
    ) -> bytes | None:
        """Return the response to a POST that only reads, None for 204 (No Content).

        It may be repeated, unlike other POST requests. `link` leads to a later page of the same
        query. Raises HttpResponseError, and UnexpectedAnswer for a link that is not a URL.
        """
        if link is None:
            url, parameters = self._url(path), {"api-version": version, **query}
        else:
            url, parameters = next_url(self._addresses.endpoint, link, f"query {path}"), {}
        request = HttpRequest("POST", url, params=parameters, json=body)
        response = self._json_pipeline("query", QueryRetryPolicy).send_request(request)
        if response.status_code not in {200, 204}:
            raise HttpResponseError(response=response, error_format=ARMErrorFormat)
        return None if response.status_code == 204 else response.content

    def token_claims(self) -> Mapping[str, Any]:
        """Return the claims of the access token; empty for a token that is not a JWT."""
        token = self._identity().get_token(self._scope).token
        parts = token.split(".")
        if len(parts) != 3:
            return {}
        try:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        except ValueError:
            return {}
        return claims if isinstance(claims, dict) else {}

    @property
    def public(self) -> PublicRequests:
        """Requests that must not carry the access token: it is for Resource Manager alone."""

        def construct() -> PublicRequests:
            return PublicRequests(self._transport(), user_agent=user_agent(), attempts=ATTEMPTS)

        return cast("PublicRequests", self._once("public", construct))

    @property
    def price_list(self) -> str:
        """The address of the price list: at the private endpoint, if the credential has one.

        Raises Unsupported for the cloud in China, which has no price list of this form.
        """
        if self._credential.endpoint is None and self._credential.cloud is AzureCloud.CHINA:
            raise Unsupported("Azure China has no retail price API.", provider="azure")
        return f"{self._credential.endpoint or RETAIL_PRICES}/api/retail/prices"

    def _read_json(self, request: HttpRequest) -> Any:
        """Return the JSON of a response; raises UnexpectedAnswer for a body that is not JSON."""
        response = self._read_pipeline().send_request(request)
        if response.status_code != 200:
            raise HttpResponseError(response=response, error_format=ARMErrorFormat)
        try:
            return orjson.loads(response.content)
        except ValueError as error:
            raise UnexpectedAnswer(
                f"Could not read {urlsplit(request.url).path}: the answer is not JSON.",
                hint=ENDPOINT_HINT,
                provider="azure",
            ) from error

    def _url(self, path: str) -> str:
        if not path.startswith("/"):  # an id in a response that could name another host
            raise UnexpectedAnswer(f"{path!r} is not the id of a resource.", provider="azure")
        return self._addresses.endpoint + path

    @property
    def _scope(self) -> str:
        return f"{self._addresses.audience}/.default"

    def _identity(self) -> RenewableIdentity:
        def construct() -> RenewableIdentity:
            return RenewableIdentity(lambda: open_identity(self._credential))

        return cast("RenewableIdentity", self._once("identity", construct))

    def _transport(self) -> RequestsTransport:
        return cast("RequestsTransport", self._once("transport", _transport))

    def _authentication(self) -> AuthenticationPolicy:
        return AuthenticationPolicy(self._identity(), self._scope)

    def _read_pipeline(self) -> ARMPipelineClient[HttpRequest, HttpResponse]:
        return self._json_pipeline("read", BoundedRetryPolicy)

    def _json_pipeline(
        self, name: str, retry_policy: type[BoundedRetryPolicy]
    ) -> ARMPipelineClient[HttpRequest, HttpResponse]:
        def construct() -> ARMPipelineClient[HttpRequest, HttpResponse]:
            return ARMPipelineClient(
                base_url=self._addresses.endpoint,
                policies=[
                    policies.RequestIdPolicy(),
                    policies.UserAgentPolicy(user_agent()),
                    retry_policy(retry_total=ATTEMPTS - 1),
                    self._authentication(),
                    ARMHttpLoggingPolicy(),
                ],
                transport=self._transport(),
            )

        return cast("ARMPipelineClient[HttpRequest, HttpResponse]", self._once(name, construct))

    def _management(self, client_class: Any) -> Any:
        def construct() -> Any:
            return client_class(
                self._identity(),
                self._credential.subscription_id,
                base_url=self._addresses.endpoint,
                credential_scopes=[self._scope],
                authentication_policy=self._authentication(),
                retry_policy=BoundedRetryPolicy(retry_total=ATTEMPTS - 1),
                per_call_policies=[ApiVersionPolicy(), HtmlResponsePolicy()],
                user_agent=user_agent(),
                transport=self._transport(),
            )

        return self._once(client_class.__name__, construct)

    def _once(self, name: str, construct: Any) -> Any:
        if name not in self._constructed:
            with self._lock:
                if name not in self._constructed:
                    self._constructed[name] = construct()
        return self._constructed[name]


def user_agent() -> str:
    """Return the User-Agent of all requests, which Azure's logs contain."""
    return f"skyclust/{skyclust.__version__}"


def _transport() -> RequestsTransport:
    # A client that owned the session would close it for all other clients.
    return RequestsTransport(
        session=guarded_session(connections=POOL_CONNECTIONS),
        session_owner=False,
        connection_timeout=CONNECT_SECONDS,
        read_timeout=LONG_READ_SECONDS,
    )

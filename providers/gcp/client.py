"""The only module that creates sessions and clients of Google's libraries.

Lists and single resources are read as JSON through one authorized session: google-cloud-compute
takes 25 times as long to parse the same reply. Changes go through google-cloud-compute, which
takes seconds to import: it is imported with the first change, and google-cloud-bigquery with the
first read of costs. All use the REST API.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast

import orjson
import requests
from google.api_core.client_info import ClientInfo as HttpClientInfo
from google.api_core.exceptions import from_http_response, from_http_status
from google.api_core.gapic_v1.client_info import ClientInfo
from google.auth.transport.requests import AuthorizedSession, Request

import skyclust
from providers.gcp.authentication import Authentication, authenticate
from providers.gcp.credential import GcpCredential
from providers.gcp.errors import gcp_errors, unreadable_reply
from providers.gcp.retries import with_retries
from skyclust.errors import ConfigurationError, UnexpectedAnswer
from skyclust.providerkit.answers import require_object
from skyclust.providerkit.guarded_requests import GuardedAdapter, guarded_session, mount_guarded
from skyclust.providerkit.timeouts import CONNECT_SECONDS, READ_SECONDS

if TYPE_CHECKING:
    from google.cloud.bigquery import Client as BigQueryClient
    from google.cloud.compute_v1.services.addresses import AddressesClient
    from google.cloud.compute_v1.services.disks import DisksClient
    from google.cloud.compute_v1.services.global_addresses import GlobalAddressesClient
    from google.cloud.compute_v1.services.global_operations import GlobalOperationsClient
    from google.cloud.compute_v1.services.instances import InstancesClient
    from google.cloud.compute_v1.services.region_disks import RegionDisksClient
    from google.cloud.compute_v1.services.snapshots import SnapshotsClient
    from google.cloud.compute_v1.services.zone_operations import ZoneOperationsClient

UNAUTHORIZED: Final = 401

_BIGQUERY: Final = "bigquery"

POOL_CONNECTIONS: Final = 32
"""The most threads that read at the same time."""

JsonObject = dict[str, Any]
"""A resource or a list as Compute Engine returns it in JSON."""


class GcpClients:
    """The session and the clients of one credential, created on first use; thread-safe."""

    def __init__(self, credential: GcpCredential) -> None:
        self._credential = credential
        self._lock = threading.RLock()
        self._authentication: Authentication | None = None
        self._session: AuthorizedSession | None = None
        self._clients: dict[str, Any] = {}

    @property
    def authentication(self) -> Authentication:
        """The credentials of google-auth and the project, opened on first use."""
        with self._lock:
            if self._authentication is None:
                with gcp_errors("open the Google Cloud credential"):
                    self._authentication = authenticate(self._credential)
            return self._authentication

    @property
    def project(self) -> str:
        """The project ID."""
        return self.authentication.project

    def get(self, path: str, doing: str, *, kind: str, **query: str | int) -> JsonObject:
        """Return the reply of Compute Engine to GET; `path` is relative to the project.

        An empty path is the project itself; a path that begins with `projects/` belongs to
        another project. `kind` is the expected `kind` of the reply without `compute#`: every
        reply of Compute Engine has this field. Raises UnexpectedAnswer for a reply of another
        kind, and the errors of the tree that the call fails with.
        """
        project = f"projects/{self.project}"
        full = path if path.startswith("projects/") else f"{project}/{path}".rstrip("/")
        reply = self._send("GET", f"{self._base_url('compute')}/compute/v1/{full}", doing, query)
        if reply.get("kind") != f"compute#{kind}":
            raise UnexpectedAnswer(
                f"Could not {doing}: the answer is not a compute#{kind}.",
                hint="Is a proxy or another service answering at the endpoint?",
                provider="gcp",
            )
        return reply

    def post_resource_manager(
        self, path: str, doing: str, body: Mapping[str, object]
    ) -> JsonObject:
        """Return the reply of the Cloud Resource Manager to POST; raises errors of the tree."""
        url = f"{self._base_url('cloudresourcemanager')}/{path}"
        return self._send("POST", url, doing, {}, body)

    def get_billing(self, path: str, doing: str, query: Mapping[str, str | int]) -> JsonObject:
        """Return the reply of the Cloud Billing API to GET; raises errors of the tree."""
        return self._send("GET", f"{self._base_url('cloudbilling')}/{path}", doing, query)

    def _base_url(self, service: str) -> str:
        endpoint = self._credential.endpoint
        return endpoint or f"https://{service}.{self.authentication.universe}"

    def _send(
        self,
        method: str,
        url: str,
        doing: str,
        query: Mapping[str, str | int],
        body: Mapping[str, object] | None = None,
    ) -> JsonObject:
        session = self._open_session()

        def call() -> JsonObject:
            response = session.request(
                method,
                url,
                params=query,
                data=None if body is None else orjson.dumps(body),
                timeout=(CONNECT_SECONDS, READ_SECONDS),
            )
            if not response.ok:
                raise from_http_response(response)
            return _parse_object(response.content, doing)

        return with_retries(call, doing)

    def _open_session(self) -> AuthorizedSession:
        with self._lock:
            if self._session is None:
                session = AuthorizedSession(self.authentication.credentials)
                _guard(session)
                session.hooks["response"].append(raise_unreadable_error)
                session.headers["User-Agent"] = user_agent()
                session.headers["Content-Type"] = "application/json"
                self._session = session
            return self._session

    def instances(self) -> InstancesClient:
        """Return the client that changes instances."""
        return cast("InstancesClient", self._client("instances"))

    def disks(self) -> DisksClient:
        """Return the client that changes disks."""
        return cast("DisksClient", self._client("disks"))

    def snapshots(self) -> SnapshotsClient:
        """Return the client that changes snapshots."""
        return cast("SnapshotsClient", self._client("snapshots"))

    def region_disks(self) -> RegionDisksClient:
        """Return the client that changes disks of several zones."""
        return cast("RegionDisksClient", self._client("region_disks"))

    def addresses(self) -> AddressesClient:
        """Return the client that changes regional addresses."""
        return cast("AddressesClient", self._client("addresses"))

    def global_addresses(self) -> GlobalAddressesClient:
        """Return the client that changes global addresses."""
        return cast("GlobalAddressesClient", self._client("global_addresses"))

    def zone_operations(self) -> ZoneOperationsClient:
        """Return the client of zonal operations."""
        return cast("ZoneOperationsClient", self._client("zone_operations"))

    def global_operations(self) -> GlobalOperationsClient:
        """Return the client of global operations."""
        return cast("GlobalOperationsClient", self._client("global_operations"))

    def bigquery(self) -> BigQueryClient:
        """Return the client of BigQuery, whose jobs run in the credential's project.

        Raises ConfigurationError when its library, an extra of its own, is not installed.
        """
        with self._lock:
            if _BIGQUERY not in self._clients:
                self._clients[_BIGQUERY] = self._create_bigquery_client()
            return cast("BigQueryClient", self._clients[_BIGQUERY])

    def _create_bigquery_client(self) -> Any:
        try:
            library = import_module("google.cloud.bigquery")
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                "Billing exports cannot be read: google-cloud-bigquery is not installed.",
                hint="Install it: pip install 'skyclust[bigquery]'.",
                provider="gcp",
            ) from error
        with gcp_errors("open the client of BigQuery"):
            return library.Client(
                project=self.project,
                credentials=self.authentication.credentials,
                _http=self._open_session(),
                client_options={"api_endpoint": self._base_url(_BIGQUERY)},
                client_info=HttpClientInfo(user_agent=user_agent()),
            )

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._create_client(service)
            return self._clients[service]

    def _create_client(self, service: str) -> Any:
        """Return a client with a transport that uses our credentials.

        The client's default transport signs its own tokens, which only Google accepts.
        """
        module = import_module(f"google.cloud.compute_v1.services.{service}")
        transports = import_module(f"google.cloud.compute_v1.services.{service}.transports")
        class_name = "".join(word.title() for word in service.split("_"))
        scheme, _, host = self._base_url("compute").partition("://")
        transport = getattr(transports, f"{class_name}RestTransport")(
            host=host,
            url_scheme=scheme,
            credentials=self.authentication.credentials,
            client_info=ClientInfo(user_agent=user_agent()),
        )
        _guard(transport._session)
        transport._session.hooks["response"].append(raise_unreadable_error)
        return getattr(module, f"{class_name}Client")(transport=transport)


def _guard(session: AuthorizedSession) -> None:
    """Make a session use guarded connections, also for its token requests."""
    mount_guarded(session, GuardedAdapter(pool_maxsize=POOL_CONNECTIONS))
    session._auth_request = Request(guarded_session(connections=1))


def raise_unreadable_error(response: requests.Response, *_: object, **__: object) -> None:
    """Raise an error by the status alone for a reply whose body google-api-core cannot parse.

    google-api-core assumes that the body has an object `error`. A 401 is left to google-auth,
    which fetches a new token and repeats the request.
    """
    if response.ok or response.status_code == UNAUTHORIZED:
        return
    try:
        from_http_response(response)
    except Exception as error:  # the exception depends on the body
        status = response.status_code
        raise from_http_status(status, "the answer gives no reason", response=response) from error


def _parse_object(content: bytes, doing: str) -> JsonObject:
    try:
        reply = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise unreadable_reply(doing, "it is not JSON") from error
    return cast("JsonObject", require_object(reply, doing=doing, provider="gcp"))


def user_agent() -> str:
    """Return the User-Agent of all requests."""
    return f"skyclust/{skyclust.__version__}"

"""The only place where a session or a client of Google's is made.

Lists and single resources are read as JSON through one authorised session: google-cloud-compute
takes 25 times as long to read the same answer. Changes go through google-cloud-compute, which
takes seconds to import: it is imported with the first change. Both are spoken to over REST.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast

import orjson
import requests
from google.api_core.exceptions import from_http_response, from_http_status
from google.api_core.gapic_v1.client_info import ClientInfo
from google.auth.transport.requests import AuthorizedSession, Request

import skyclust
from providers.gcp.authentication import Identified, open_credentials
from providers.gcp.credential import GcpCredential
from providers.gcp.errors import gcp_errors, odd_answer
from providers.gcp.retries import CONNECT_SECONDS, READ_SECONDS, attempted
from skyclust.errors import UnexpectedAnswer
from skyclust.providerkit.answers import require_object
from skyclust.providerkit.guarded_requests import GuardedAdapter, guarded_session, mount_guarded

if TYPE_CHECKING:
    from google.cloud.compute_v1.services.disks import DisksClient
    from google.cloud.compute_v1.services.global_operations import GlobalOperationsClient
    from google.cloud.compute_v1.services.instances import InstancesClient
    from google.cloud.compute_v1.services.snapshots import SnapshotsClient
    from google.cloud.compute_v1.services.zone_operations import ZoneOperationsClient

UNAUTHORIZED: Final = 401

POOL_CONNECTIONS: Final = 32
"""As many threads as may read at the same time."""

Answer = dict[str, Any]
"""A resource or a list as Compute Engine writes it in JSON."""


class GcpClients:
    """The session and the clients of one credential, made when first used; for many threads."""

    def __init__(self, credential: GcpCredential) -> None:
        self._credential = credential
        self._lock = threading.RLock()
        self._identified: Identified | None = None
        self._session: AuthorizedSession | None = None
        self._clients: dict[str, Any] = {}

    @property
    def identified(self) -> Identified:
        """Google's credentials and the project, opened when first used."""
        with self._lock:
            if self._identified is None:
                with gcp_errors("open the Google Cloud credential"):
                    self._identified = open_credentials(self._credential)
            return self._identified

    @property
    def project(self) -> str:
        """The ID of the project that is worked in."""
        return self.identified.project

    def read(self, path: str, doing: str, *, kind: str, **query: str | int) -> Answer:
        """Return what Compute Engine answers to GET; `path` is what follows the project.

        No path is the project itself; one that begins with `projects/` is another project's.
        `kind` is what the answer says of itself, without `compute#`: everything that Compute
        Engine answers has it, so that an answer without it says nothing. Raises UnexpectedAnswer
        for such a one, and the other errors of the tree.
        """
        own = f"projects/{self.project}"
        whole = path if path.startswith("projects/") else f"{own}/{path}".rstrip("/")
        answer = self._asked("GET", f"{self._base('compute')}/compute/v1/{whole}", doing, query)
        if answer.get("kind") != f"compute#{kind}":
            raise UnexpectedAnswer(
                f"Could not {doing}: the answer is no compute#{kind}.",
                hint="Is a proxy or another service answering at the endpoint?",
                provider="gcp",
            )
        return answer

    def ask_manager(self, path: str, doing: str, body: Mapping[str, object]) -> Answer:
        """Return what the Cloud Resource Manager answers to POST."""
        return self._asked("POST", f"{self._base('cloudresourcemanager')}/{path}", doing, {}, body)

    def _base(self, service: str) -> str:
        endpoint = self._credential.endpoint
        return endpoint or f"https://{service}.{self.identified.universe}"

    def _asked(
        self,
        method: str,
        url: str,
        doing: str,
        query: Mapping[str, str | int],
        body: Mapping[str, object] | None = None,
    ) -> Answer:
        session = self._opened()

        def call() -> Answer:
            response = session.request(
                method,
                url,
                params=query,
                data=None if body is None else orjson.dumps(body),
                timeout=(CONNECT_SECONDS, READ_SECONDS),
            )
            if not response.ok:
                raise from_http_response(response)
            return _read_object(response.content, doing)

        return attempted(call, doing)

    def _opened(self) -> AuthorizedSession:
        with self._lock:
            if self._session is None:
                session = AuthorizedSession(self.identified.credentials)
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

    def zone_operations(self) -> ZoneOperationsClient:
        """Return the client of the operations in a zone."""
        return cast("ZoneOperationsClient", self._client("zone_operations"))

    def global_operations(self) -> GlobalOperationsClient:
        """Return the client of the operations that belong to no zone."""
        return cast("GlobalOperationsClient", self._client("global_operations"))

    def _client(self, noun: str) -> Any:
        with self._lock:
            if noun not in self._clients:
                self._clients[noun] = self._made(noun)
            return self._clients[noun]

    def _made(self, noun: str) -> Any:
        """Return a client with a transport of our own making.

        What the client would make itself signs its own tokens, which only Google accepts.
        """
        service = import_module(f"google.cloud.compute_v1.services.{noun}")
        transports = import_module(f"google.cloud.compute_v1.services.{noun}.transports")
        words = "".join(word.title() for word in noun.split("_"))
        scheme, _, host = self._base("compute").partition("://")
        transport = getattr(transports, f"{words}RestTransport")(
            host=host,
            url_scheme=scheme,
            credentials=self.identified.credentials,
            client_info=ClientInfo(user_agent=user_agent()),
        )
        _guard(transport._session)
        transport._session.hooks["response"].append(raise_unreadable_error)
        return getattr(service, f"{words}Client")(transport=transport)


def _guard(session: AuthorizedSession) -> None:
    """Let a session send what it is asked for, and ask for tokens, by guarded connections."""
    mount_guarded(session, GuardedAdapter(pool_maxsize=POOL_CONNECTIONS))
    session._auth_request = Request(guarded_session(connections=1))


def raise_unreadable_error(response: requests.Response, *_: object, **__: object) -> None:
    """Raise the error of an answer whose body google-api-core cannot read, by its status alone.

    It takes for granted that there is an object `error`. A 401 is left to google-auth, which
    gets another token first.
    """
    if response.ok or response.status_code == UNAUTHORIZED:
        return
    try:
        from_http_response(response)
    except Exception as error:  # whatever an odd body does to the library
        status = response.status_code
        raise from_http_status(status, "the answer gives no reason", response=response) from error


def _read_object(content: bytes, doing: str) -> Answer:
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise odd_answer(doing, "it is not JSON") from error
    return cast("Answer", require_object(answer, doing=doing, provider="gcp"))


def user_agent() -> str:
    """Return what SkyClust calls itself."""
    return f"skyclust/{skyclust.__version__}"

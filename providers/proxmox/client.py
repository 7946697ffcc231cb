"""The HTTP clients of a cluster; no other module makes one.

proxmoxer's own constructor logs in at once, supports https only and reports every failed login as
one error. So its parts are composed here: its resource paths, its session and its token.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import requests
from proxmoxer.backends.https import (
    JsonSerializer,
    ProxmoxHTTPApiTokenAuth,
    ProxmoxHTTPAuthBase,
    ProxmoxHttpSession,
)
from proxmoxer.core import ProxmoxResource

import skyclust
from providers.proxmox.credential import ProxmoxCredential
from providers.proxmox.errors import translated
from providers.proxmox.fields import required_text, to_flag
from skyclust.errors import AuthenticationFailed, Throttled, Unavailable, UnexpectedAnswer
from skyclust.providerkit.answers import require_list, require_object
from skyclust.providerkit.guarded_requests import GuardedAdapter, mount_guarded
from skyclust.providerkit.retry_after import retry_after_seconds
from skyclust.providerkit.timeouts import CONNECT_SECONDS, READ_SECONDS
from skyclust.redaction import register_issued

TICKET_SECONDS: Final = 3600.0
"""After this a ticket is renewed; it is valid for two hours
(https://pve.proxmox.com/wiki/Proxmox_VE_API)."""

TIMEOUTS: Final = (CONNECT_SECONDS, READ_SECONDS)

READ_PAUSES: Final = (0.2, 0.6, 1.8)
"""Seconds before each retry of a read. A list reads every guest with a request of its own, and one
failure of the proxy (503, or an HTML page) or of a node (595, 596) must not fail the whole list.
A change is never retried here: it may have been executed."""


class ProxmoxClients:
    """The HTTP sessions of one credential, one for each thread, created when first used."""

    def __init__(self, credential: ProxmoxCredential) -> None:
        self.credential = credential
        self._threads = threading.local()
        self._lock = threading.Lock()
        self._cluster_name: str | None = None
        self._shared: dict[str, bool | None] = {}
        self._auth = _auth(credential, self._new_ticket)

    def get_list(self, path: str, doing: str, /, **parameters: object) -> list[Any]:
        """Return the list at a path. `doing` completes "Could not ..." in an error.

        Raises UnexpectedAnswer for any other reply, which must not count as an empty list.
        """
        answer = self._call("get", path, doing, parameters)
        return require_list({"data": answer}, "data", doing=doing, provider="proxmox")

    def get_object(self, path: str, doing: str, /, **parameters: object) -> Mapping[str, Any]:
        """Return the object at a path; raises UnexpectedAnswer for any other reply."""
        answer = self._call("get", path, doing, parameters)
        return require_object(answer, doing=doing, provider="proxmox")

    def check(self, path: str, doing: str, /, **parameters: object) -> None:
        """Read a path whose refusal is the information; the content of the reply is ignored."""
        self._call("get", path, doing, parameters)

    def post(self, path: str, doing: str, /, **parameters: object) -> Any:
        """Send a POST; returns the UPID when a task executes the request."""
        return self._call("post", path, doing, parameters)

    def put(self, path: str, doing: str, /, **parameters: object) -> Any:
        """Send a PUT; returns the UPID when a task executes the request."""
        return self._call("put", path, doing, parameters)

    def delete(self, path: str, doing: str, /, **parameters: object) -> Any:
        """Send a DELETE; returns the UPID when a task executes the request."""
        return self._call("delete", path, doing, parameters)

    def cluster_name(self, read: Callable[[], str]) -> str:
        """Return the name of the cluster, which `read` reads once: it never changes."""
        if self._cluster_name is None:
            self._cluster_name = read()
        return self._cluster_name

    def is_shared(self, storage: str, read: Callable[[], dict[str, bool | None]]) -> bool | None:
        """Return whether all nodes share a storage; None when its flag is missing.

        `read` reads the flags of all storages, once and again for an unknown storage.
        """
        with self._lock:
            if storage not in self._shared:
                # A storage that the credential may not see is not read again.
                self._shared = {**self._shared, storage: False, **read()}
            return self._shared[storage]

    def _call(self, method: str, path: str, doing: str, parameters: dict[str, object]) -> Any:
        for pause in READ_PAUSES if method == "get" else ():
            try:
                return self._authenticated(method, path, doing, parameters)
            except (Throttled, Unavailable, UnexpectedAnswer):
                time.sleep(pause)
        return self._authenticated(method, path, doing, parameters)

    def _authenticated(
        self, method: str, path: str, doing: str, parameters: dict[str, object]
    ) -> Any:
        try:
            return self._send(method, path, doing, parameters)
        except AuthenticationFailed:
            if not isinstance(self._auth, _TicketAuth) or not self._auth.forget():
                raise
            # A ticket becomes invalid early when the cluster changes its key: retry once.
            return self._send(method, path, doing, parameters)

    def _send(self, method: str, path: str, doing: str, parameters: dict[str, object]) -> Any:
        return self._session().call(method, path, doing, parameters)

    def _session(self) -> _Session:
        session: _Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = _Session(self.credential, self._auth)
            self._threads.session = session
        return session

    def _new_ticket(self) -> tuple[str, str]:
        credential = self.credential
        doing = f"log in as {credential.user}"
        password = credential.password.get_secret_value() if credential.password else ""
        session = _Session(credential, _no_auth(credential))
        login: dict[str, object] = {"username": credential.user, "password": password}
        with session:
            reply = session.call("post", "access/ticket", doing, login)
        reply = require_object(reply, doing=doing, provider="proxmox")
        if to_flag(reply.get("NeedTFA")):
            raise AuthenticationFailed(
                f"Could not {doing}: the user has a second factor.",
                hint="Create an API token for the user: tokens need no second factor.",
                provider="proxmox",
            )
        ticket, csrf = required_text(reply, "ticket"), required_text(reply, "CSRFPreventionToken")
        register_issued(ticket, csrf)
        return ticket, csrf


class _Session(ProxmoxHttpSession):  # type: ignore[misc]  # proxmoxer has no types
    """The session of one thread; keeps the Retry-After of the last response."""

    def __init__(self, credential: ProxmoxCredential, auth: ProxmoxHTTPAuthBase) -> None:
        super().__init__()
        self.auth = auth
        self._api = f"{credential.address}/api2/json"
        self._retry_after: float | None = None
        self.headers["User-Agent"] = f"skyclust/{skyclust.__version__}"
        self.headers["Accept"] = "application/json"
        self.hooks["response"].append(self._remember)
        mount_guarded(self, _Adapter(credential))

    def call(self, method: str, path: str, doing: str, parameters: dict[str, object]) -> Any:
        """Return the reply to one request; raises an error of our tree when it fails."""
        resource = ProxmoxResource(
            base_url=f"{self._api}/{path}", session=self, serializer=_Serializer()
        )
        self._retry_after = None
        try:
            return getattr(resource, method)(**parameters)
        except Exception as error:
            ours = translated(error, doing, self._retry_after)
            if ours is None:
                raise
            raise ours from error

    def _remember(self, response: requests.Response, **_: object) -> None:
        self._retry_after = retry_after_seconds(response.headers, datetime.now(UTC))


class _Adapter(GuardedAdapter):
    """Trusts the CA, or the certificate with the fingerprint, of the credential."""

    def __init__(self, credential: ProxmoxCredential) -> None:
        self._credential = credential
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Create the connection pool with the credential's CA or fingerprint."""
        if self._credential.ca_certificate is not None:
            options["ssl_context"] = ssl.create_default_context(
                cadata=self._credential.ca_certificate
            )
        if self._credential.fingerprint is not None:
            options["assert_fingerprint"] = self._credential.fingerprint
        super().init_poolmanager(*arguments, **options)


class _Serializer(JsonSerializer):  # type: ignore[misc]  # proxmoxer has no types
    """Parses responses; a response that is not from Proxmox VE is an error."""

    def loads(self, response: requests.Response) -> Any:
        """Return the data of a response; raises InvalidJSONError of requests for any other body."""
        try:
            body = response.json()
        except RecursionError as error:
            raise requests.exceptions.InvalidJSONError("the answer is nested too deep") from error
        if not isinstance(body, dict) or "data" not in body:
            raise requests.exceptions.InvalidJSONError("the answer has no data in it")
        return body["data"]

    def loads_errors(self, response: requests.Response) -> Any:
        """Return the errors by parameter; None when there are none."""
        try:
            body = response.json()
        except requests.exceptions.JSONDecodeError:
            return None
        return body.get("errors") if isinstance(body, dict) else None


class _TicketAuth(ProxmoxHTTPAuthBase):  # type: ignore[misc]  # proxmoxer has no types
    """Authenticates requests with a ticket, which all threads share, and renews it."""

    def __init__(self, new_ticket: Callable[[], tuple[str, str]], verify_ssl: bool) -> None:
        super().__init__(timeout=TIMEOUTS, verify_ssl=verify_ssl)
        self._new_ticket = new_ticket
        self._lock = threading.Lock()
        self._ticket: tuple[str, str] | None = None
        self._issued_at = 0.0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        ticket, csrf = self._valid_ticket()
        request.headers["Cookie"] = f"PVEAuthCookie={ticket}"
        if request.method != "GET":
            request.headers["CSRFPreventionToken"] = csrf
        return request

    def forget(self) -> bool:
        """Discard the ticket; returns whether there was one, which may have expired."""
        with self._lock:
            ticket, self._ticket = self._ticket, None
            return ticket is not None

    def _valid_ticket(self) -> tuple[str, str]:
        with self._lock:
            if self._ticket is None or time.monotonic() - self._issued_at > TICKET_SECONDS:
                self._ticket = None
                self._ticket = self._new_ticket()
                self._issued_at = time.monotonic()
            return self._ticket


def _auth(
    credential: ProxmoxCredential, new_ticket: Callable[[], tuple[str, str]]
) -> ProxmoxHTTPAuthBase:
    verify = credential.verify_ssl and credential.fingerprint is None
    if credential.token_value is None:
        return _TicketAuth(new_ticket, verify)
    return ProxmoxHTTPApiTokenAuth(
        credential.user,
        credential.token_name,
        credential.token_value.get_secret_value(),
        timeout=TIMEOUTS,
        verify_ssl=verify,
    )


def _no_auth(credential: ProxmoxCredential) -> ProxmoxHTTPAuthBase:
    verify = credential.verify_ssl and credential.fingerprint is None
    return ProxmoxHTTPAuthBase(timeout=TIMEOUTS, verify_ssl=verify)

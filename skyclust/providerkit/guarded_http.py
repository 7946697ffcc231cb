"""Connections of urllib3 that go only where the operator allows, and end in bounded time and size.

Every SDK of ours calls through urllib3, so this is the one place that all requests pass: those of
redirects, of addresses in answers, of tokens. A name is resolved once, and what it resolves to is
checked and connected to: it cannot become another address in between.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection
from urllib3.util.url import parse_url

from skyclust.errors import Timeout, UnexpectedAnswer
from skyclust.providerkit.deadline import seconds_left
from skyclust.providerkit.destinations import allowed_addresses
from skyclust.providerkit.permissions import load_permissions

if TYPE_CHECKING:
    from urllib3.response import HTTPResponse

RESPONSE_SECONDS: Final = 90.0
"""From the first to the last byte of an answer; the largest pages of the clouds take ten."""

LARGEST_ANSWER: Final = 32 * 1024 * 1024
"""Bytes of one answer, as sent and as unpacked; a page of 1,000 EC2 instances has about ten
million."""


class GuardedConnection(HTTPConnection):
    """The part that connections with and without TLS share; to be inherited first."""

    tls = False

    def _new_conn(self) -> socket.socket:
        if self.proxy is not None:  # the operator's own, from the environment
            return super()._new_conn()
        host = self._dns_host.strip("[]")
        try:
            addresses = allowed_addresses(host, self.port, load_permissions(), tls=self.tls)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        timeout = self._patience()
        failure: OSError | None = None
        for address in addresses:
            try:
                return create_connection(
                    (address, self.port),
                    timeout,
                    source_address=self.source_address,
                    socket_options=self.socket_options,
                )
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(
                self, f"Connection to {self.host} timed out. (connect timeout={self.timeout})"
            ) from failure
        raise NewConnectionError(self, f"Failed to establish a new connection: {failure}")

    def _patience(self) -> Any:
        """Return how long to wait for a connection: the client's time-out, or what is left."""
        left = seconds_left()
        if left <= 0:
            raise _not_in_time()
        if left == float("inf"):
            return self.timeout
        return min(self.timeout, left) if isinstance(self.timeout, (int, float)) else left

    def connect(self) -> None:
        """Connect, and bound what is read from now on."""
        super().connect()
        self.sock: Any = BoundedSocket(self.sock)

    def set_tunnel(self, host: str, *arguments: Any, **options: Any) -> None:
        """Ask the proxy for a tunnel to a host that may be called."""
        port = options.get("port", arguments[0] if arguments else None)
        _check_behind_proxy(host, int(port or 443), tls=True)
        super().set_tunnel(host, *arguments, **options)

    def putrequest(self, method: str, url: str, *arguments: Any, **options: Any) -> None:
        """Begin a request; one that the proxy is to make itself names its host in the address."""
        if self.proxy is not None and url.startswith("http://"):
            target = parse_url(url)
            _check_behind_proxy(target.host or "", target.port or 80, tls=False)
        super().putrequest(method, url, *arguments, **options)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        """Return the response; unpacking it stops at the largest answer."""
        response = super().getresponse()
        response._init_decoder()
        if response._decoder is not None:
            bounded = BoundedDecoder(response._decoder, response.close)
            response._decoder = bounded  # type: ignore[assignment]  # wraps what it stands for
        return response


class GuardedHTTPConnection(GuardedConnection):
    """A connection without TLS."""


class GuardedHTTPSConnection(GuardedConnection, HTTPSConnection):
    """A connection with TLS."""

    tls = True


class GuardedHTTPPool(HTTPConnectionPool):
    """Connections without TLS to one host."""

    ConnectionCls = GuardedHTTPConnection


class GuardedHTTPSPool(HTTPSConnectionPool):
    """Connections with TLS to one host."""

    ConnectionCls = GuardedHTTPSConnection


GUARDED_POOLS: Final = {"http": GuardedHTTPPool, "https": GuardedHTTPSPool}
"""For the `pool_classes_by_scheme` of a PoolManager."""


def _check_behind_proxy(host: str, port: int, *, tls: bool) -> None:
    """Check what a proxy is asked for; a name that only the proxy can resolve is left to it."""
    try:
        allowed_addresses(host.strip("[]"), port, load_permissions(), tls=tls)
    except socket.gaierror:
        return


class BoundedSocket:
    """A connected socket whose answers end in bounded time and size."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def makefile(self, mode: str = "rb", buffering: int | None = None) -> Any:
        """Return a file of the next answer; http.client opens one an answer."""
        raw = BoundedReader(self._socket)
        return raw if buffering == 0 else io.BufferedReader(raw)


class BoundedReader(io.RawIOBase):
    """Reads one answer from a socket: within RESPONSE_SECONDS, at most LARGEST_ANSWER bytes."""

    def __init__(self, connected: socket.socket) -> None:
        super().__init__()
        self._socket = connected
        self._file = connected.makefile("rb", buffering=0)
        self._end = time.monotonic() + min(RESPONSE_SECONDS, seconds_left())
        self._received = 0

    def readable(self) -> bool:
        """Return that this can be read from."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read into a buffer; raises Timeout and UnexpectedAnswer at the bounds."""
        patience = self._socket.gettimeout()
        left = self._end - time.monotonic()
        if left <= 0:
            raise _not_in_time()
        self._socket.settimeout(left if patience is None else min(patience, left))
        try:
            count = self._file.readinto(buffer)
        except TimeoutError:
            if time.monotonic() >= self._end:
                raise _not_in_time() from None
            raise
        finally:
            if self._socket.fileno() >= 0:
                self._socket.settimeout(patience)
        self._received += count or 0
        if self._received > LARGEST_ANSWER:
            raise too_large()
        return count

    def close(self) -> None:
        """Let go of the socket, which stays open for the next request."""
        self._file.close()
        super().close()


class BoundedDecoder:
    """Unpacks an answer, at most LARGEST_ANSWER bytes of it: a gzip may hold a thousand times
    what it has."""

    def __init__(self, decoder: Any, give_up: Callable[[], None]) -> None:
        self._decoder = decoder
        self._give_up = give_up
        self._left = LARGEST_ANSWER

    @property
    def has_unconsumed_tail(self) -> bool:
        """Whether there is more to unpack of what was given."""
        return bool(self._decoder.has_unconsumed_tail)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Return what the data unpacks to; raises UnexpectedAnswer beyond the bound."""
        wanted = self._left + 1 if max_length < 0 else min(max_length, self._left + 1)
        return self._counted(self._decoder.decompress(data, max_length=wanted))

    def flush(self) -> bytes:
        """Return what is left to unpack."""
        return self._counted(self._decoder.flush())

    def _counted(self, unpacked: bytes) -> bytes:
        self._left -= len(unpacked)
        if self._left < 0:
            self._give_up()  # urllib3 closes only after errors of the socket
            raise too_large()
        return unpacked


def too_large() -> UnexpectedAnswer:
    """Return the error for an answer that is larger than any that a cloud gives."""
    return UnexpectedAnswer(
        f"The answer was given up: it is larger than {LARGEST_ANSWER // 1024**2} MiB.",
        hint="Is a proxy or another service answering at the endpoint?",
        code="AnswerTooLarge",
    )


def _not_in_time() -> Timeout:
    return Timeout(
        "The answer was given up: its end did not come in time.",
        hint="The endpoint sends, but too slowly for any cloud.",
        code="AnswerTooSlow",
    )

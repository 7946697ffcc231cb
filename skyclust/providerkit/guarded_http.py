"""Connections of urllib3 to allowed addresses only, with limits on the time and size of an answer.

Every cloud SDK calls through urllib3, so all requests pass here: also redirects, requests to
addresses that an answer contains, and requests for tokens. A name is resolved once; the addresses
that were resolved are checked and connected to, so that the name cannot change in between.
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
"""From the first to the last byte of an answer; the largest pages of the clouds take 10 s."""

LARGEST_ANSWER: Final = 32 * 1024 * 1024
"""Bytes of one answer, as sent and as unpacked; a page of 1,000 EC2 instances has about ten
million."""


class GuardedConnection(HTTPConnection):
    """The base of connections with and without TLS; must be the first base class."""

    tls = False

    def _new_conn(self) -> socket.socket:
        if self.proxy is not None:  # the operator's own, from the environment
            return super()._new_conn()
        host = self._dns_host.strip("[]")
        try:
            addresses = allowed_addresses(host, self.port, load_permissions(), tls=self.tls)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        timeout = self._connect_seconds()
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

    def _connect_seconds(self) -> Any:
        """Return the connect time-out: the client's, or the time left until the deadline."""
        left = seconds_left()
        if left <= 0:
            raise _not_in_time()
        if left == float("inf"):
            return self.timeout
        return min(self.timeout, left) if isinstance(self.timeout, (int, float)) else left

    def connect(self) -> None:
        """Connect, and limit the time and size of what is read."""
        super().connect()
        self.sock: Any = BoundedSocket(self.sock)

    def set_tunnel(self, host: str, *arguments: Any, **options: Any) -> None:
        """Request a tunnel from the proxy, to an allowed host."""
        port = options.get("port", arguments[0] if arguments else None)
        _check_behind_proxy(host, int(port or 443), tls=True)
        super().set_tunnel(host, *arguments, **options)

    def putrequest(self, method: str, url: str, *arguments: Any, **options: Any) -> None:
        """Begin a request; a plain HTTP request to a proxy names the target host in its URL."""
        if self.proxy is not None and url.startswith("http://"):
            target = parse_url(url)
            _check_behind_proxy(target.host or "", target.port or 80, tls=False)
        super().putrequest(method, url, *arguments, **options)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        """Return the response; decompression stops at LARGEST_ANSWER."""
        response = super().getresponse()
        response._init_decoder()
        if response._decoder is not None:
            bounded = BoundedDecoder(response._decoder, response.close)
            response._decoder = bounded  # type: ignore[assignment]  # has the interface of the decoder
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
    """Check the target behind a proxy; a name that only the proxy resolves is not checked."""
    try:
        allowed_addresses(host.strip("[]"), port, load_permissions(), tls=tls)
    except socket.gaierror:
        return


class BoundedSocket:
    """A connected socket with limits on the time and size of an answer."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def makefile(self, mode: str = "rb", buffering: int | None = None) -> Any:
        """Return a file of the next answer; http.client opens a file for each answer."""
        raw = BoundedReader(self._socket)
        return raw if buffering == 0 else io.BufferedReader(raw)


class BoundedReader(io.RawIOBase):
    """Reads an answer from a socket: within RESPONSE_SECONDS, at most LARGEST_ANSWER bytes."""

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
        timeout = self._socket.gettimeout()
        left = self._end - time.monotonic()
        if left <= 0:
            raise _not_in_time()
        self._socket.settimeout(left if timeout is None else min(timeout, left))
        try:
            count = self._file.readinto(buffer)
        except TimeoutError:
            if time.monotonic() >= self._end:
                raise _not_in_time() from None
            raise
        finally:
            if self._socket.fileno() >= 0:
                self._socket.settimeout(timeout)
        self._received += count or 0
        if self._received > LARGEST_ANSWER:
            raise too_large()
        return count

    def close(self) -> None:
        """Close the file; the socket stays open for the next request."""
        self._file.close()
        super().close()


class BoundedDecoder:
    """Decompresses an answer, at most LARGEST_ANSWER bytes: a gzip stream can expand a thousand
    times."""

    def __init__(self, decoder: Any, give_up: Callable[[], None]) -> None:
        self._decoder = decoder
        self._give_up = give_up
        self._left = LARGEST_ANSWER

    @property
    def has_unconsumed_tail(self) -> bool:
        """Whether the decoder has input that is not decompressed yet."""
        return bool(self._decoder.has_unconsumed_tail)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Return the decompressed data; raises UnexpectedAnswer beyond the limit."""
        length = self._left + 1 if max_length < 0 else min(max_length, self._left + 1)
        return self._counted(self._decoder.decompress(data, max_length=length))

    def flush(self) -> bytes:
        """Return the rest of the decompressed data."""
        return self._counted(self._decoder.flush())

    def _counted(self, unpacked: bytes) -> bytes:
        self._left -= len(unpacked)
        if self._left < 0:
            self._give_up()  # urllib3 closes only after errors of the socket
            raise too_large()
        return unpacked


def too_large() -> UnexpectedAnswer:
    """Return the error for an answer that is larger than any answer of a cloud."""
    return UnexpectedAnswer(
        f"The answer was not read: it is larger than {LARGEST_ANSWER // 1024**2} MiB.",
        hint="Is a proxy or another service answering at the endpoint?",
        code="AnswerTooLarge",
    )


def _not_in_time() -> Timeout:
    return Timeout(
        "The answer was not complete before the time-out.",
        hint="The endpoint sends data, but more slowly than any cloud.",
        code="AnswerTooSlow",
    )

"""botocore's connections, guarded: only where the operator allows, of bounded time and size."""

from __future__ import annotations

from typing import Any, Final

from botocore.awsrequest import AWSHTTPConnection, AWSHTTPSConnection
from botocore.exceptions import HTTPClientError
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from skyclust.errors import SkyClustError
from skyclust.providerkit.guarded_http import GuardedConnection


class _Connection(GuardedConnection, AWSHTTPConnection):  # type: ignore[misc]  # no types
    """A connection without TLS."""


class _TlsConnection(GuardedConnection, AWSHTTPSConnection):  # type: ignore[misc]  # no types
    """A connection with TLS."""

    tls = True


class _Pool(HTTPConnectionPool):
    ConnectionCls: Any = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls: Any = _TlsConnection


_POOLS: Final = {"http": _Pool, "https": _TlsPool}


def guard_client(client: Any) -> None:
    """Let a client of boto3 connect through guarded connections; it has made none so far."""
    client._endpoint.http_session = _GuardedSession(client._endpoint.http_session)


class _GuardedSession:
    """A client's HTTP session; errors of our tree come out of it as they are.

    botocore wraps what it does not know as one of its own transient errors, and tries again.
    """

    def __init__(self, session: Any) -> None:
        session._pool_classes_by_scheme = _POOLS
        session._manager.pool_classes_by_scheme = _POOLS
        self._session = session

    def send(self, request: Any) -> Any:
        """Return the answer to a request."""
        try:
            return self._session.send(request)
        except HTTPClientError as error:
            cause = error.kwargs.get("error")
            if isinstance(cause, SkyClustError):
                raise cause from error
            raise

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

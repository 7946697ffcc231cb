"""Connections of botocore that reach only permitted addresses, with bounded time and size."""

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
    """Make a new client of boto3 use guarded connections; call before its first request."""
    client._endpoint.http_session = _GuardedSession(client._endpoint.http_session)


class _GuardedSession:
    """A client's HTTP session that raises errors of our tree unchanged.

    botocore wraps an error that it does not know in a transient error of its own, and retries.
    """

    def __init__(self, session: Any) -> None:
        session._pool_classes_by_scheme = _POOLS
        session._manager.pool_classes_by_scheme = _POOLS
        self._session = session

    def send(self, request: Any) -> Any:
        """Return the response to a request."""
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

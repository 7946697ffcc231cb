"""The one place a client of the Prefect API is opened, and its failures become ours."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL

from skyclust.errors import (
    AuthenticationFailed,
    ConfigurationError,
    InvalidRequest,
    SkyClustError,
    Unavailable,
)
from skyclust.security.auth_string import REFUSED_HINT
from skyclust.store.transactions import refuse_inside_write

REQUEST_SECONDS: Final = 30.0
"""How long one request may take: far beyond any healthy answer, short of a lost worker."""


@contextmanager
def prefect_client() -> Iterator[SyncPrefectClient]:
    """Open a synchronous client of the configured Prefect server; usable in any thread.

    Raises ConfigurationError when no server is configured (Prefect would start a hidden one
    of its own), Unavailable when it does not answer, AuthenticationFailed when
    it wants another auth string, InvalidRequest when it refuses what is sent. Inside a write
    transaction of the store it raises RuntimeError: every writer would wait for the server.
    """
    refuse_inside_write("The Prefect server")
    if not PREFECT_API_URL.value():
        raise ConfigurationError(
            "No Prefect server is configured.",
            hint="Start the embedded one with `skyclust up`, or set PREFECT_API_URL.",
        )
    with (
        server_errors(),
        get_client(httpx_settings=_http_settings(), sync_client=True) as client,
    ):
        yield client


def _http_settings() -> dict[str, Any]:
    settings: dict[str, Any] = {"timeout": REQUEST_SECONDS}
    if (PREFECT_API_URL.value() or "").startswith("http://"):
        # Prefect would read all certificates of the system, some 0.1 s for each client. This
        # context trusts none: should an address lead to https after all, it is refused.
        settings["verify"] = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return settings


@contextmanager
def server_errors() -> Iterator[None]:
    """Raise what Prefect's own clients raise about the configured server as ours."""
    try:
        yield
    except httpx.HTTPError as error:
        raise _ours(error) from error
    except RuntimeError as error:
        # A flow run asks for the server's version first, and puts this in the place of why
        # there is no answer.
        if not isinstance(error.__cause__, httpx.HTTPError):
            raise
        raise _ours(error.__cause__) from error


def _ours(error: httpx.HTTPError) -> SkyClustError:
    """Return what a failed request means to us."""
    api_url = PREFECT_API_URL.value() or ""
    if isinstance(error, httpx.HTTPStatusError):
        return _from_status(api_url, error)
    if isinstance(error, httpx.TimeoutException):
        return Unavailable(
            f"The Prefect server at {api_url} did not answer within {REQUEST_SECONDS:.0f} s."
        )
    return Unavailable(
        f"The Prefect server at {api_url} cannot be reached: {error}.",
        hint="Start it with `skyclust up`, or correct PREFECT_API_URL.",
    )


def _from_status(
    api_url: str, error: httpx.HTTPStatusError
) -> AuthenticationFailed | InvalidRequest | Unavailable:
    status = error.response.status_code
    if status in {401, 403}:
        return AuthenticationFailed(
            f"The Prefect server at {api_url} refused our auth string (HTTP {status}).",
            hint=REFUSED_HINT,
        )
    request = f"{error.request.method} {error.request.url.path}"
    if status >= 500:
        return Unavailable(f"The Prefect server failed at {request} (HTTP {status}).")
    return InvalidRequest(f"The Prefect server refused {request} (HTTP {status}).")

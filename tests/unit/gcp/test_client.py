"""Google's libraries are imported on first use, and call only the endpoint."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
import requests
from google.api_core.exceptions import from_http_response
from google.auth.credentials import Credentials

from providers.gcp.authentication import AccessTokens
from providers.gcp.client import GcpClients, raise_unreadable_error, user_agent
from providers.gcp.credential import GcpCredential
from providers.gcp.errors import call_errors
from providers.gcp.provider import GcpProvider
from skyclust.contract import CredentialModel
from skyclust.errors import (
    ConfigurationError,
    PermissionDenied,
    SkyClustError,
    Throttled,
    Unavailable,
)
from skyclust_sandbox.gcp.identity import service_account_key

THREADS: Final = 4


class Source(Credentials):
    """Credentials that count their refreshes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # google-auth's own
        self.refreshes = 0

    def refresh(self, request: object) -> None:
        self.refreshes += 1
        time.sleep(0.1)
        self.token = f"token-{self.refreshes}"


def test_importing_the_provider_imports_no_sdk() -> None:
    code = (
        "import sys, providers.gcp.provider;"
        "sys.exit(any(m.startswith(('google.', 'requests')) and m != 'google.cloud'"
        " for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_clients_call_the_endpoint_with_access_tokens() -> None:
    endpoint = "http://127.0.0.1:1"
    key = service_account_key(endpoint)
    values = {"service_account_info": key, "endpoint": endpoint}
    clients = GcpClients(GcpCredential.model_validate(values))
    transport = clients.instances().transport
    assert transport.host == endpoint
    assert isinstance(clients.authentication.credentials, AccessTokens)
    assert clients.project == "sandbox-project"
    assert user_agent().startswith("skyclust/")


def test_concurrent_token_refreshes_share_one_request() -> None:
    source = Source()
    tokens = AccessTokens(source)
    together = threading.Barrier(THREADS)

    def refresh(_: int) -> None:
        together.wait()
        tokens.refresh(None)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(refresh, range(THREADS)))
    assert (tokens.token, source.refreshes) == ("token-1", 1)
    tokens.refresh(None)
    assert (tokens.token, source.refreshes) == ("token-2", 2)


def _response(status: int, body: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = body
    response.request = requests.Request("GET", "https://compute.googleapis.com/x").prepare()
    return response


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b'"down"',
        b'{"error": "down"}',
        b'{"error": null}',
        b"<html>",
        b"",
        b'{"error": {"details": null}}',
        b'{"error": {"details": [null]}}',
        b"[null]",
    ],
)
@pytest.mark.parametrize(
    ("status", "expected"), [(503, Unavailable), (403, PermissionDenied), (429, Throttled)]
)
def test_an_error_reply_is_mapped_by_its_status_whatever_its_body(
    status: int, expected: type[SkyClustError], body: bytes
) -> None:
    with pytest.raises(expected), call_errors("do it"):
        raise _error_of(_response(status, body))


def _error_of(response: requests.Response) -> Exception:
    """Return the exception that a session raises for an error response."""
    raise_unreadable_error(response)
    made: Exception = from_http_response(response)
    return made


def test_successful_and_unauthorized_replies_pass_the_hook() -> None:
    raise_unreadable_error(_response(200, b"null"))
    raise_unreadable_error(_response(401, b"null"))


def test_all_sessions_have_the_error_hook() -> None:
    key = service_account_key("http://127.0.0.1:1")
    values = {"service_account_info": key, "endpoint": "http://127.0.0.1:1"}
    clients = GcpClients(GcpCredential.model_validate(values))
    for client in (clients.instances(), clients.disks(), clients.zone_operations()):
        transport: Any = client.transport
        assert raise_unreadable_error in transport._session.hooks["response"]


def test_a_credential_of_another_provider_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="not a credential of Google Cloud"):
        GcpProvider(CredentialModel())

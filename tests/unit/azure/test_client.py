"""The identity of a client, its endpoint and its retries."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from azure.identity import ClientSecretCredential, ManagedIdentityCredential

from providers.azure.authentication import PlainHttpTransport, TokenRetryPolicy, open_identity
from providers.azure.client import AzureClients, user_agent
from providers.azure.credential import AzureCredential
from providers.azure.list_pages import next_url
from providers.azure.policies import (
    MAX_RETRY_AFTER_SECONDS,
    BoundedRetryPolicy,
    QueryRetryPolicy,
)
from providers.azure.provider import AzureProvider
from skyclust.contract import CredentialModel
from skyclust.errors import ConfigurationError
from skyclust.registry import provider_class

SECRET = {
    "subscription_id": "00000000-1111-2222-3333-444444444444",
    "tenant_id": "contoso.onmicrosoft.com",
    "client_id": "99999999-1111-2222-3333-444444444444",
    "client_secret": "canary",
}


def credential(**values: Any) -> AzureCredential:
    return AzureCredential.model_validate({**SECRET, **values})


def test_a_credential_of_another_provider_is_refused() -> None:
    class Other(CredentialModel):
        pass

    with pytest.raises(ConfigurationError, match="Other is not a credential of Microsoft Azure"):
        AzureProvider(Other())


def test_loading_the_provider_imports_no_sdk() -> None:
    loaded = (
        "import sys; from skyclust.registry import provider_class; provider_class('azure');"
        "sys.exit(any(m.startswith(('azure.core', 'azure.mgmt.compute', 'msal', 'requests'))"
        " for m in sys.modules))"
    )
    assert provider_class("azure") is AzureProvider
    assert subprocess.run([sys.executable, "-c", loaded], check=False, timeout=60).returncode == 0


def test_the_environment_does_not_change_the_identity(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", "environment")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "environment")
    monkeypatch.setenv("AZURE_TENANT_ID", "environment")
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "https://login.example.com")
    opened: Any = open_identity(credential())
    assert isinstance(opened, ClientSecretCredential)
    assert opened._client_id == SECRET["client_id"]
    assert opened._tenant_id == SECRET["tenant_id"]
    assert opened._authority == "https://login.microsoftonline.com"


def test_a_managed_identity() -> None:
    managed = AzureCredential(subscription_id=SECRET["subscription_id"], managed_identity=True)
    assert isinstance(open_identity(managed), ManagedIdentityCredential)


def test_an_unreadable_certificate_is_refused() -> None:
    pem = "-----BEGIN CERTIFICATE-----\nnone\n-----BEGIN PRIVATE KEY-----\nnone\n"
    broken = credential(client_secret=None, certificate_data=pem)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_identity(broken)


@pytest.mark.parametrize(
    ("values", "endpoint"),
    [
        ({}, "https://management.azure.com"),
        ({"cloud": "china"}, "https://management.chinacloudapi.cn"),
        ({"endpoint": "https://arm.example.com/"}, "https://arm.example.com"),
    ],
)
def test_every_client_calls_the_credentials_endpoint(values: dict[str, str], endpoint: str) -> None:
    clients: Any = AzureClients(credential(**values))
    assert clients._url("/x") == f"{endpoint}/x"
    for management in (clients.compute, clients.network):
        assert management._config.base_url == endpoint
        assert user_agent() in management._config.user_agent_policy.user_agent
    assert user_agent().startswith("skyclust/")


def test_the_next_page_is_requested_from_the_credentials_endpoint_only() -> None:
    elsewhere = "https://evil.example.com/subscriptions/s/x?api-version=1&$skiptoken=a%20b"
    assert next_url("https://management.azure.com", elsewhere, "list disks") == (
        "https://management.azure.com/subscriptions/s/x?api-version=1&$skiptoken=a%20b"
    )


def test_calls_share_one_client() -> None:
    clients = AzureClients(credential())
    assert clients.compute is clients.compute
    assert clients.network is clients.network


@pytest.mark.parametrize(
    ("policy", "method", "status", "wait", "again"),
    [
        (BoundedRetryPolicy, "GET", 429, "1", True),
        (BoundedRetryPolicy, "GET", 429, f"{MAX_RETRY_AFTER_SECONDS + 1:.0f}", False),
        (BoundedRetryPolicy, "GET", 503, None, True),
        (BoundedRetryPolicy, "POST", 429, "1", True),
        (BoundedRetryPolicy, "POST", 503, "1", False),
        (BoundedRetryPolicy, "POST", 504, None, False),
        (TokenRetryPolicy, "POST", 503, None, True),
        (QueryRetryPolicy, "POST", 503, None, True),
        (QueryRetryPolicy, "POST", 429, None, True),
        (QueryRetryPolicy, "POST", 429, f"{MAX_RETRY_AFTER_SECONDS + 1:.0f}", False),
    ],
)
def test_a_retry_waits_briefly_and_repeats_no_post_that_may_have_worked(
    policy: type[BoundedRetryPolicy], method: str, status: int, wait: str | None, again: bool
) -> None:
    """A restart whose response was lost at a gateway may have been carried out."""
    retries = policy(retry_total=3)
    http_response = SimpleNamespace(
        status_code=status, headers={"Retry-After": wait} if wait else {}, read=lambda: b""
    )
    response: Any = SimpleNamespace(
        http_response=http_response, http_request=SimpleNamespace(method=method)
    )
    assert retries.is_retry(retries.configure_retries({}), response) is again


def test_plain_http_is_used_only_for_an_http_authority() -> None:
    plain: Any = open_identity(credential(authority="http://127.0.0.1:1"))
    assert isinstance(plain._client._pipeline._transport, PlainHttpTransport)
    secure: Any = open_identity(credential())
    assert not isinstance(secure._client._pipeline._transport, PlainHttpTransport)

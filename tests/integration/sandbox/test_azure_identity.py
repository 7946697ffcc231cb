"""Authentication by secret, certificate and managed identity, and authorization by role."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ManagedIdentityCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from skyclust_sandbox.azure.tenants import IDENTITY_HEADER, OTHER_CLIENT, READER
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.azure import AzureSandbox
from tests.integration.sandbox.azure import (
    SCOPE,
    HttpTransport,
    clients,
    credential,
    error_of,
    send,
)

pytestmark = pytest.mark.integration


def _certificate() -> tuple[bytes, str]:
    """Return a key with its certificate, and the certificate alone, in PEM."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "skyclust")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    return private + public, public.decode()


def test_a_client_authenticates_with_a_certificate(azure_sandbox: AzureSandbox) -> None:
    key_and_certificate, public = _certificate()

    def token() -> str:
        identity = CertificateCredential(
            azure_sandbox.tenant_id,
            azure_sandbox.client_id,
            certificate_data=key_and_certificate,
            authority=azure_sandbox.endpoint.replace("http:", "https:"),
            disable_instance_discovery=True,
            transport=HttpTransport(),
            retry_total=0,
        )
        return str(identity.get_token(SCOPE).token)

    with pytest.raises(ClientAuthenticationError, match="AADSTS700027"):
        token()
    azure_sandbox.register_certificate(azure_sandbox.client_id, public)
    path = "/providers/Microsoft.Compute/virtualMachines"
    assert send(azure_sandbox, "GET", path, token=token()).content == {"value": []}


def test_a_wrong_secret_client_or_tenant_is_refused(azure_sandbox: AzureSandbox) -> None:
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential(azure_sandbox, secret="wrong").get_token(SCOPE)
    with pytest.raises(ClientAuthenticationError, match="AADSTS700016"):
        credential(azure_sandbox, "unknown", "any").get_token(SCOPE)
    with pytest.raises(ClientAuthenticationError, match="AADSTS700016"):
        credential(azure_sandbox, OTHER_CLIENT.client_id, OTHER_CLIENT.secret or "").get_token(
            SCOPE
        )
    for kind, number in ((FaultKind.EXPIRE, 7000222), (FaultKind.THROTTLE, 90055)):
        azure_sandbox.inject(Fault(kind=kind, action="Tokens_Create", times=1))
        with pytest.raises(ClientAuthenticationError, match=f"AADSTS{number}"):
            credential(azure_sandbox).get_token(SCOPE)


def test_a_managed_identity_gets_a_token(
    azure_sandbox: AzureSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/providers/Microsoft.Authorization/permissions"
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", azure_sandbox.endpoint)
    from_metadata = ManagedIdentityCredential().get_token(SCOPE).token
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{azure_sandbox.endpoint}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", IDENTITY_HEADER)
    from_service = ManagedIdentityCredential().get_token(SCOPE).token
    for token in (from_metadata, from_service):
        response = send(azure_sandbox, "GET", path, token=token, version="2022-04-01")
        assert response.content["value"][0]["actions"] == ["*"]


def test_a_token_is_required_and_verified(azure_sandbox: AzureSandbox) -> None:
    def get(token: str, path: str = "/resourceGroups") -> tuple[int, str]:
        response = send(azure_sandbox, "GET", path, token=token)
        assert response.status != 401 or response.headers["WWW-Authenticate"].startswith("Bearer ")
        return response.status, response.code

    good = credential(azure_sandbox).get_token(SCOPE).token
    other = credential(azure_sandbox).get_token("https://vault.azure.net/.default").token
    assert get("") == (401, "AuthenticationFailed")
    assert get("no.token.atall") == (401, "InvalidAuthenticationToken")
    assert get(good[:-4] + "AAAA") == (401, "InvalidAuthenticationToken")
    assert get(other) == (401, "InvalidAuthenticationTokenAudience")
    foreign = f"/subscriptions/{azure_sandbox.other_subscription_id}/resourceGroups"
    assert get(good, foreign) == (401, "InvalidAuthenticationTokenTenant")
    unknown = "/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups"
    assert get(good, unknown) == (404, "SubscriptionNotFound")


def test_a_reader_may_only_read(azure_sandbox: AzureSandbox) -> None:
    reader = clients(azure_sandbox, READER.client_id, READER.secret or "")
    assert list(reader.compute.virtual_machines.list_all()) == []
    refused = error_of(reader.compute.virtual_machines.begin_start, "default", "vm-1")
    assert refused == (403, "AuthorizationFailed")
    permissions = "/providers/Microsoft.Authorization/permissions"
    response = send(azure_sandbox, "GET", permissions, token=reader.token, version="2022-04-01")
    assert response.content["value"][0]["actions"] == ["*/read"]


def test_subscriptions_and_locations(azure_sandbox: AzureSandbox) -> None:
    token = credential(azure_sandbox).get_token(SCOPE).token
    listed = send(azure_sandbox, "GET", "/subscriptions", token=token, version="2022-12-01")
    [subscription] = listed.content["value"]
    assert subscription["subscriptionId"] == azure_sandbox.subscription_id
    single = send(azure_sandbox, "GET", subscription["id"], token=token, version="2022-12-01")
    assert single.content == subscription
    locations = send(azure_sandbox, "GET", "/locations", token=token, version="2022-12-01")
    names = [location["name"] for location in locations.content["value"]]
    assert "westeurope" in names
    assert names == sorted(names)

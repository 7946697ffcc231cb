"""Authentication by certificate and by managed identity, and missing permissions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from providers.azure.credential import AzureCredential
from providers.azure.identity import NEEDED_PERMISSIONS
from providers.azure.provider import AzureProvider
from skyclust.errors import AuthenticationFailed, ConfigurationError, PermissionDenied
from skyclust_sandbox.azure.tenants import MANAGED_IDENTITY, READER
from tests.fixtures.azure import AzureSandbox

pytestmark = pytest.mark.integration


def changed(credential: AzureCredential, **fields: Any) -> AzureProvider:
    given = {**credential.model_dump(exclude_unset=True), **fields}
    return AzureProvider(AzureCredential.model_validate(given))


def certificate(password: str) -> tuple[str, str]:
    """Return a new certificate, and the certificate with its encrypted key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "skyclust")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    public = signed.public_bytes(Encoding.PEM).decode()
    sealed = BestAvailableEncryption(password.encode())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed).decode()
    return public, private + public


def test_authentication_with_a_certificate(
    credential: AzureCredential, azure_sandbox: AzureSandbox
) -> None:
    public, whole = certificate("canary")
    signed = changed(credential, client_secret=None, certificate_data=whole, password="canary")
    with pytest.raises(AuthenticationFailed, match="AADSTS"):
        signed.verify()
    azure_sandbox.register_certificate(azure_sandbox.client_id, public)
    fresh = changed(credential, client_secret=None, certificate_data=whole, password="canary")
    assert azure_sandbox.client_id in fresh.verify().principal
    wrong = changed(credential, client_secret=None, certificate_data=whole, password="wrong")
    with pytest.raises(ConfigurationError, match="cannot be read") as refused:
        wrong.regions()
    assert "PRIVATE KEY" not in str(refused.value)


def test_authentication_with_a_managed_identity(
    azure_sandbox: AzureSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", azure_sandbox.endpoint)
    managed = AzureCredential(subscription_id=azure_sandbox.subscription_id, managed_identity=True)
    # Not validated: such a credential may have no endpoint, and the sandbox needs one.
    managed = managed.model_copy(update={"endpoint": azure_sandbox.endpoint})
    assert MANAGED_IDENTITY.client_id in AzureProvider(managed).verify().principal


def test_verify_returns_the_principal_and_its_missing_permissions(
    credential: AzureCredential, provider: AzureProvider, azure_sandbox: AzureSandbox
) -> None:
    identity = provider.verify()
    assert identity.account == azure_sandbox.subscription_id
    assert azure_sandbox.client_id in identity.principal
    assert azure_sandbox.tenant_id in identity.principal
    assert identity.missing_permissions == ()
    reader = changed(credential, client_id=READER.client_id, client_secret=READER.secret)
    writes = {name for name in NEEDED_PERMISSIONS if not name.endswith("/read")}
    assert set(reader.verify().missing_permissions or ()) == writes


def test_a_subscription_without_access(
    credential: AzureCredential, azure_sandbox: AzureSandbox
) -> None:
    unknown = changed(credential, subscription_id="00000000-0000-4000-8000-000000000000")
    with pytest.raises(PermissionDenied, match="Check the subscription id"):
        unknown.verify()
    foreign = changed(credential, subscription_id=azure_sandbox.other_subscription_id)
    with pytest.raises(AuthenticationFailed):
        foreign.regions()

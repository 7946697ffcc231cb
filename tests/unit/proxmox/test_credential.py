"""The Proxmox credential: permitted and refused fields, and the sessions created with it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from providers.proxmox.client import TIMEOUTS, ProxmoxClients
from providers.proxmox.credential import ProxmoxCredential
from providers.proxmox.identity import INVENTORY_PRIVILEGES, NEEDED_PRIVILEGES

GUIDE = Path(__file__).parents[3] / "docs" / "providers" / "proxmox.md"
TOKEN = {"user": "skyclust@pve", "token_name": "skyclust", "token_value": "secret"}
FINGERPRINT = ":".join(["ab"] * 32)


def credential(**fields: object) -> ProxmoxCredential:
    return ProxmoxCredential.model_validate({"host": "pve1.example.com", **TOKEN, **fields})


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({}, "https://pve1.example.com:8006"),
        ({"port": 443}, "https://pve1.example.com:443"),
        ({"host": "10.0.0.1"}, "https://10.0.0.1:8006"),
        ({"host": "fd00::1"}, "https://[fd00::1]:8006"),
        (
            {"host": "", "endpoint": "https://pve.example.com/proxy/"},
            "https://pve.example.com/proxy",
        ),
    ],
)
def test_addresses(fields: dict[str, object], address: str) -> None:
    assert credential(**fields).address == address


def test_the_principal_is_the_token_or_the_user() -> None:
    assert credential().principal == "skyclust@pve!skyclust"
    user = {"token_name": None, "token_value": None, "password": "secret"}
    assert credential(**user).principal == "skyclust@pve"


@pytest.mark.parametrize(
    "fields",
    [
        {"host": None},
        {"endpoint": "https://pve.example.com"},
        {"host": None, "endpoint": "pve.example.com"},
        {"host": None, "endpoint": "https://user:secret@pve.example.com"},
        {"host": "https://pve1.example.com"},
        {"host": "pve1.example.com:8006"},
        {"host": f"{'a' * 64}.example"},
        {"host": "pve1..example.com"},
        {"host": "pve 1"},
        {"host": "fd00::zz"},
        {"host": None, "endpoint": "https://pve.example.com:99999"},
        {"host": None, "endpoint": "https://pve.example.com/?a=b"},
        {"port": 0},
        {"user": "skyclust"},
        {"user": "skyclust@pve!skyclust"},
        {"token_name": "skyclust@pve!skyclust"},
        {"token_value": None},
        {"password": "secret"},
        {"token_name": None, "token_value": None},
        {"fingerprint": "ab:cd"},
        {"ca_certificate": "/etc/pve/pve-root-ca.pem"},
        {"fingerprint": FINGERPRINT, "verify_ssl": False},
    ],
)
def test_invalid_fields_are_refused_without_the_secret(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refused:
        credential(**fields)
    assert "secret" not in re.sub(r"'secret'|secret_", "", str(refused.value))


def session_of(connections: ProxmoxClients) -> Any:
    return connections._session()


def test_sessions_have_timeouts_and_a_user_agent() -> None:
    session = session_of(ProxmoxClients(credential()))
    assert session.auth.timeout == TIMEOUTS
    assert session.auth.verify_ssl is True
    assert session.headers["User-Agent"].startswith("skyclust/")


def test_a_fingerprint_pins_one_certificate() -> None:
    session = session_of(ProxmoxClients(credential(fingerprint=FINGERPRINT)))
    pool = session.get_adapter("https://pve1").poolmanager
    assert pool.connection_pool_kw["assert_fingerprint"] == FINGERPRINT.upper()
    assert session.auth.verify_ssl is False


def certificate_authority() -> x509.Certificate:
    """Return a self-signed CA certificate, as a cluster has one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Proxmox Virtual Environment")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )


def test_a_ca_certificate_is_trusted() -> None:
    authority = certificate_authority()
    pem = authority.public_bytes(Encoding.PEM).decode()
    session = session_of(ProxmoxClients(credential(ca_certificate=pem)))
    context = session.get_adapter("https://pve1").poolmanager.connection_pool_kw["ssl_context"]
    assert context.get_ca_certs(binary_form=True) == [authority.public_bytes(Encoding.DER)]


def privileges(command: str) -> set[str]:
    [privileges] = re.findall(rf'pveum role add {command} --privs "([^"]+)"', GUIDE.read_text())
    return set(privileges.split())


def test_the_documented_roles_have_exactly_the_required_privileges() -> None:
    assert privileges("SkyClust") == set(NEEDED_PRIVILEGES)
    assert privileges("SkyClustAudit") == set(INVENTORY_PRIVILEGES)

"""Connections: time-outs, certificates, and no identity from a .netrc."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from providers.openstack.authentication import READ_SECONDS, to_requests_session
from providers.openstack.client import OpenStackClients
from providers.openstack.credential import OpenStackCredential
from providers.openstack.provider import OpenStackProvider
from providers.openstack.services import with_version
from skyclust.contract import CredentialModel
from skyclust.errors import ConfigurationError, SkyClustError, Unavailable
from skyclust.providerkit.timeouts import CONNECT_SECONDS


def _credential(**changes: object) -> OpenStackCredential:
    return OpenStackCredential.model_validate(
        {
            "endpoint": "https://cloud.example.com:5000/v3",
            "application_credential_id": "id",
            "application_credential_secret": "canary-secret",
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("catalog_url", "url"),
    [
        ("https://cloud:9292", "https://cloud:9292/v2"),
        ("https://cloud/image/", "https://cloud/image/v2"),
        ("https://cloud/image/v2", "https://cloud/image/v2"),
        ("https://cloud/volume/v3/0123", "https://cloud/volume/v3/0123"),
        ("https://v2.example.com/image", "https://v2.example.com/image/v2"),
    ],
)
def test_the_version_is_appended_to_a_catalog_url(catalog_url: str, url: str) -> None:
    assert with_version(catalog_url, "/v2") == url


def test_another_providers_credential_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        OpenStackProvider(CredentialModel())


def test_a_netrc_gives_no_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine cloud.example.com login ops password canary\n")
    monkeypatch.setenv("NETRC", str(netrc))
    session = to_requests_session(_credential())
    request = requests.Request("GET", "https://cloud.example.com/servers")
    assert "Authorization" not in session.prepare_request(request).headers


def test_every_call_has_time_outs(monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts: list[object] = []

    def send(_: object, __: object, **options: object) -> None:
        timeouts.append(options["timeout"])
        raise TimeoutError

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", send)
    with pytest.raises(TimeoutError):
        to_requests_session(_credential()).get("https://cloud.example.com", timeout=None)
    assert timeouts == [(CONNECT_SECONDS, READ_SECONDS)]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def keystone(certificate: Path) -> Iterator[str]:
    """The URL of a server with that certificate, which returns 404 for every POST."""

    class NotFoundHandler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), NotFoundHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def _refusal(credential: OpenStackCredential) -> SkyClustError:
    with pytest.raises(SkyClustError) as raised:
        OpenStackClients(credential).access()
    return raised.value


def test_a_self_signed_certificate_is_not_trusted(keystone: str) -> None:
    assert type(_refusal(_credential(endpoint=keystone))) is Unavailable


def test_the_credentials_own_certificate_is_trusted(keystone: str, certificate: Path) -> None:
    text = certificate.read_text()
    cacert = text[text.index("-----BEGIN CERTIFICATE") :]
    assert type(_refusal(_credential(endpoint=keystone, cacert=cacert))) is ConfigurationError


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_verification_can_be_switched_off(keystone: str) -> None:
    assert type(_refusal(_credential(endpoint=keystone, verify=False))) is ConfigurationError

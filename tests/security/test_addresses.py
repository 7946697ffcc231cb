"""A credential leads nowhere that the operator has not allowed, by whatever detour."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from providers.azure.client import AzureClients
from providers.azure.credential import AzureCredential
from providers.azure.errors import azure_errors
from skyclust.allowed_networks import allow_networks, parse_entry
from skyclust.errors import ConfigurationError, SkyClustError
from skyclust.providerkit.permissions import AddressNotAllowed, load_permissions
from skyclust.providerkit.provider_errors import provider_errors
from skyclust.registry import provider_class
from skyclust.security.validation import checked_values
from skyclust.settings import load_settings
from tests.security.attacked import CLOUDS, credential_values, opened
from tests.security.hostile import Arrived, hello, hostile_server, reply


@pytest.fixture(autouse=True)
def nothing_allowed(skyclust_home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator has allowed nothing, as after installation."""
    monkeypatch.delenv("SKYCLUST_ALLOWED_NETWORKS")


def _error_of_verify(cloud: str, endpoint: str) -> SkyClustError:
    provider = opened(cloud, credential_values(cloud, endpoint))
    with pytest.raises(SkyClustError) as caught, provider_errors(cloud, "verify"):
        provider.verify()
    return caught.value


@pytest.mark.parametrize("cloud", CLOUDS)
def test_no_service_of_the_workers_own_machine_is_called(cloud: str) -> None:
    with hostile_server(hello) as inner:
        error = _error_of_verify(cloud, inner.url)
    assert not inner.arrived
    assert isinstance(error, AddressNotAllowed), error
    assert f"skyclust network allow http://127.0.0.1:{inner.port}" in error.hint


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "2130706433",
        "0x7f.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "192.0.0.192",
        "168.63.129.16",
        "[64:ff9b:1::7f00:1]",
        "[fec0::1]",
        "[::7f00:1]",
        "[5f00::1]",
        "[3fff::1]",
    ],
)
def test_other_ways_to_write_an_inner_address_lead_nowhere_either(cloud: str, host: str) -> None:
    error = _error_of_verify(cloud, f"http://{host}:1")
    assert isinstance(error, AddressNotAllowed), error


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_public_address_is_not_called_without_tls(cloud: str) -> None:
    error = _error_of_verify(cloud, "http://93.184.215.14")
    assert isinstance(error, AddressNotAllowed), error
    assert "plain HTTP" in error.message


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_redirect_from_an_allowed_cloud_leads_nowhere_else(cloud: str) -> None:
    with hostile_server(hello) as inner:

        def redirect(arrived: Arrived, handler: Any) -> None:
            reply(handler, 307, b"", Location=f"{inner.url}{arrived.path}")

        with hostile_server(redirect) as outer:
            allow_networks(load_settings(), [parse_entry(outer.url)])
            _error_of_verify(cloud, outer.url)
    assert outer.arrived
    assert not inner.arrived


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_name_that_changes_its_address_is_checked_when_it_is_called(
    cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is public while the credential is kept, and loopback a moment later."""
    with hostile_server(hello) as inner:
        resolve = socket.getaddrinfo

        def rebound(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
            target = "127.0.0.1" if host == "cloud.example.com" else host
            return resolve(target, port, *arguments, **options)

        monkeypatch.setattr(socket, "getaddrinfo", rebound)
        error = _error_of_verify(cloud, f"https://cloud.example.com:{inner.port}")
    assert isinstance(error, AddressNotAllowed), error
    assert not inner.arrived


@pytest.mark.parametrize("cloud", CLOUDS)
def test_it_is_refused_before_it_is_kept(cloud: str) -> None:
    model = provider_class(cloud).credential_model
    with pytest.raises(ConfigurationError, match="loopback"):
        checked_values(model, credential_values(cloud, "https://127.0.0.1:4200"), "mine")


def test_an_address_in_an_answer_is_no_way_in() -> None:
    """Azure's console log is fetched from an address that Azure names."""
    with hostile_server(hello) as inner:
        values = credential_values("azure", "https://management.example.com")
        clients = AzureClients(AzureCredential.model_validate(values))
        with pytest.raises(AddressNotAllowed), azure_errors("read the console"):
            clients.public.download(f"{inner.url}/log", 100)
    assert not inner.arrived


def test_what_the_operator_allows_is_allowed_and_nothing_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SKYCLUST_ALLOWED_NETWORKS", "10.1.0.0/16:8006, http://10.2.0.7")
    check = load_permissions().check_address
    check("pve", "10.1.2.3", 8006, tls=True)
    check("pve", "10.2.0.7", 5000, tls=False)
    for address, port, tls in (
        ("10.1.2.3", 22, True),
        ("10.1.2.3", 8006, False),
        ("10.2.0.8", 5000, True),
        ("10.10.2.3", 8006, True),
    ):
        with pytest.raises(AddressNotAllowed):
            check("pve", address, port, tls=tls)


@pytest.mark.parametrize("entry", ["example.com", "10.0.0.1/8", "10.0.0.0/8:0", "10.0.0.0/8:x"])
def test_an_entry_that_is_no_network_stops_everything(
    entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYCLUST_ALLOWED_NETWORKS", entry)
    with pytest.raises(ConfigurationError, match="SKYCLUST_ALLOWED_NETWORKS"):
        load_permissions()

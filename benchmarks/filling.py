"""Puts thousands of machines into a sandbox cloud, as quickly as its own API allows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import requests

from skyclust_sandbox.credentials import CREDENTIALS

WRITERS: Final = 4
CALL_SECONDS: Final = 60.0

# A subnet of the sandbox's default network has room for 4,091 interfaces, so they spread.
AZURE_LOCATIONS: Final = ("westeurope", "northeurope", "eastus")

OPTIONS: Final[dict[str, Callable[[int], Sequence[str]]]] = {
    "azure": lambda count: ("--regional-cores", str(4 * count), "--transition-seconds", "0"),
    "gcp": lambda count: (),
    "openstack": lambda count: ("--bulk", str(count)),
    "proxmox": lambda count: ("--transition-seconds", "0"),
}
"""By cloud: how its sandbox is started for so many machines."""

SEEDS: Final = {"azure": "empty", "gcp": "empty", "openstack": "estate", "proxmox": "empty"}


def fill(cloud: str, endpoint: str, count: int) -> None:
    """Make machines; raises what `requests` raises when the sandbox refuses one."""
    _FILLERS[cloud](endpoint, count)


def _fill_gcp(endpoint: str, count: int) -> None:
    _sent(requests.Session(), "POST", f"{endpoint}/_gcp/instances", {"count": count})


def _fill_openstack(endpoint: str, count: int) -> None:
    """They are there from the beginning, by an option of the sandbox."""


def _fill_proxmox(endpoint: str, count: int) -> None:
    values = CREDENTIALS["proxmox"](endpoint)
    token = f"{values['user']}!{values['token_name']}={values['token_value']}"
    nodes = ("pve1", "pve2", "pve3")

    def make(session: requests.Session, number: int) -> None:
        url = f"{endpoint}/api2/json/nodes/{nodes[number % len(nodes)]}/qemu"
        body = {
            "vmid": 10_000 + number,
            "name": f"machine-{number:05d}",
            "cores": 2,
            "memory": 2048,
            "net0": "virtio,bridge=vmbr0",
            "tags": "bulk",
        }
        sent = {"Authorization": f"PVEAPIToken={token}"}
        _accepted(session.post(url, data=body, headers=sent, timeout=CALL_SECONDS))

    _each(make, count)


def _fill_azure(endpoint: str, count: int) -> None:
    values = CREDENTIALS["azure"](endpoint)
    token = azure_token(endpoint, values)
    group = f"{endpoint}/subscriptions/{values['subscription_id']}/resourceGroups/default"
    headers = {"Authorization": f"Bearer {token}"}

    def make(session: requests.Session, number: int) -> None:
        location = AZURE_LOCATIONS[number % len(AZURE_LOCATIONS)]
        network = f"{group}/providers/Microsoft.Network"
        nic = f"{network}/networkInterfaces/nic-{number:05d}"
        subnet = f"{network}/virtualNetworks/default-{location}/subnets/default"
        interface = _azure_interface(location, subnet.removeprefix(endpoint))
        _sent(session, "PUT", f"{nic}?api-version=2024-05-01", interface, headers)
        machine = f"{group}/providers/Microsoft.Compute/virtualMachines/machine-{number:05d}"
        body = _azure_machine(f"machine-{number:05d}", location, nic.removeprefix(endpoint))
        _sent(session, "PUT", f"{machine}?api-version=2024-07-01", body, headers)

    _each(make, count)


def azure_token(endpoint: str, values: dict[str, str]) -> str:
    """Return a bearer token of the sandbox Azure for a client's secret."""
    answer = requests.post(
        f"{endpoint}/{values['tenant_id']}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": values["client_id"],
            "client_secret": values["client_secret"],
            "scope": "https://management.azure.com/.default",
        },
        timeout=CALL_SECONDS,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def _azure_interface(location: str, subnet: str) -> dict[str, Any]:
    address = {"privateIPAllocationMethod": "Dynamic", "subnet": {"id": subnet}}
    configuration = {"name": "primary", "properties": address}
    return {"location": location, "properties": {"ipConfigurations": [configuration]}}


def _azure_machine(name: str, location: str, nic: str) -> dict[str, Any]:
    image = {"publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "version": "latest"}
    profile = {"computerName": name, "adminUsername": "ops", "adminPassword": "Sandbox-1234567"}
    return {
        "location": location,
        "tags": {"environment": "load"},
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_B1s"},
            "storageProfile": {
                "imageReference": image,
                "osDisk": {"createOption": "FromImage", "deleteOption": "Delete"},
            },
            "osProfile": profile,
            "networkProfile": {"networkInterfaces": [{"id": nic}]},
        },
    }


def _each(make: Callable[[requests.Session, int], None], count: int) -> None:
    def share(writer: int) -> None:
        with requests.Session() as session:
            for number in range(writer, count, WRITERS):
                make(session, number)

    with ThreadPoolExecutor(WRITERS) as pool:
        for _ in _done(pool, share):
            pass


def _done(pool: ThreadPoolExecutor, share: Callable[[int], None]) -> Iterator[None]:
    return pool.map(share, range(WRITERS))


def _sent(
    session: requests.Session,
    method: str,
    url: str,
    body: object,
    headers: dict[str, str] | None = None,
) -> None:
    content = json.dumps(body)
    sent = {"Content-Type": "application/json", **(headers or {})}
    _accepted(session.request(method, url, data=content, headers=sent, timeout=CALL_SECONDS))


def _accepted(answer: requests.Response) -> None:
    if not answer.ok:
        request = f"{answer.request.method} {answer.url}"
        raise RuntimeError(f"{request} was refused: {answer.status_code} {answer.text[:500]}")


_FILLERS: Final[dict[str, Callable[[str, int], None]]] = {
    "azure": _fill_azure,
    "gcp": _fill_gcp,
    "openstack": _fill_openstack,
    "proxmox": _fill_proxmox,
}

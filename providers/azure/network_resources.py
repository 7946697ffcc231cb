"""What a machine needs beside itself: its interface, its public address, its disks.

Their names come from the machine's name and the token, so that any process finds what another
made for the same request. Azure deletes them with the machine (`deleteOption`); what it could
not, because the machine never came to be, is removed here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from providers.azure import api_versions, provisioning, write_requests
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, required
from providers.azure.instances import TOKEN_TAG
from providers.azure.polling import Pauses
from providers.azure.tags import INSTANCE_TAG, to_tag
from skyclust.errors import Conflict, InvalidRequest, NotFound, Unavailable
from skyclust.model.instance import InstanceSpec
from skyclust.model.resource import ResourceState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


@dataclass(frozen=True)
class Names:
    """The names of what is made for one machine by one request."""

    machine: str
    token: str

    @property
    def stem(self) -> str:
        """What every name begins with."""
        return f"{self.machine}-{sha256(self.token.encode()).hexdigest()[:8]}"

    @property
    def interface(self) -> str:
        """The name of the network interface."""
        return f"{self.stem}-nic"

    @property
    def address(self) -> str:
        """The name of the public address."""
        return f"{self.stem}-ip"

    @property
    def boot_disk(self) -> str:
        """The name of the boot disk."""
        return f"{self.stem}-os"

    def data_disk(self, lun: int) -> str:
        """Return the name of the data disk with this logical unit number."""
        return f"{self.stem}-data{lun}"


def tags_for(spec: InstanceSpec, token: str) -> dict[str, str]:
    """Return the tags of what is made for a machine."""
    return {**spec.tags, TOKEN_TAG: to_tag(token), INSTANCE_TAG: spec.name}


def make_address(clients: AzureClients, spec: InstanceSpec, token: str) -> Document:
    """Return the machine's public address, made unless it is there, and ready."""
    name = Names(spec.name, token).address
    body = {
        "location": spec.region,
        "sku": {"name": "Standard"},
        "tags": tags_for(spec, token),
        "properties": {"publicIPAllocationMethod": "Static", "deleteOption": "Delete"},
        **({"zones": [spec.zone]} if spec.zone else {}),
    }
    return _make(clients, "publicIPAddresses", name, body, write_requests.put_address)


def make_interface(
    clients: AzureClients, spec: InstanceSpec, token: str, subnet: str, address: Document | None
) -> Document:
    """Return the machine's interface, made unless it is there, and ready."""
    name = Names(spec.name, token).interface
    configuration: dict[str, Any] = {
        "primary": True,
        "subnet": {"id": subnet},
        "privateIPAllocationMethod": "Static" if spec.private_address else "Dynamic",
    }
    if spec.private_address:
        configuration["privateIPAddress"] = spec.private_address
    if address is not None:
        configuration["publicIPAddress"] = {
            "id": required(address, "id"),
            "properties": {"deleteOption": "Delete"},
        }
    body = {
        "location": spec.region,
        "tags": tags_for(spec, token),
        "properties": {"ipConfigurations": [{"name": "primary", "properties": configuration}]},
    }
    return _make(clients, "networkInterfaces", name, body, write_requests.put_interface)


def remove(clients: AzureClients, names: Names) -> None:
    """Remove the interface and the address of a machine that was not made, and wait for it.

    One that a machine has is left to that machine. Raises Conflict while Azure keeps the
    interface for the machine that failed.
    """
    remove_interface(clients, clients.resource_group, names.interface)
    remove_address(clients, clients.resource_group, names.address)


def remove_interface(clients: AzureClients, group: str, name: str) -> None:
    """Remove an interface and wait for its end; one that a machine has stays."""
    _remove(clients, "networkInterfaces", name, group, write_requests.delete_interface)


def remove_address(clients: AzureClients, group: str, name: str) -> None:
    """Remove a public address and wait for its end; one that something has stays."""
    _remove(clients, "publicIPAddresses", name, group, write_requests.delete_address)


def _make(
    clients: AzureClients,
    kind: str,
    name: str,
    body: Document,
    put: Callable[[AzureClients, str, str, Document], Document],
) -> Document:
    doing = f"make {name}"
    try:
        with azure_errors(doing):
            made = put(clients, clients.resource_group, name, body)
    except Conflict:
        # Another process may be making it at this moment.
        there = _read(clients, kind, name, clients.resource_group)
        if there is None:
            raise
        made = there
    pauses = Pauses(f"{name} is not ready")
    while not provisioning.is_ready(made):
        if provisioning.unsettled(made) is ResourceState.ERROR:
            raise Unavailable(
                f"Could not {doing}: Azure says {provisioning.native(made)}.",
                hint="Ask again with the same token: it is made anew.",
                provider="azure",
            )
        pauses.take()
        found = _read(clients, kind, name, clients.resource_group)
        if found is None:
            raise Conflict(f"Could not {doing}: it was removed meanwhile.", provider="azure")
        made = found
    return made


def _remove(
    clients: AzureClients,
    kind: str,
    name: str,
    group: str,
    delete: Callable[[AzureClients, str, str], None],
) -> None:
    pauses = Pauses(f"{name} is still there")
    try:
        with azure_errors(f"remove {name}"):
            delete(clients, group, name)
    except NotFound:
        return
    except (Conflict, InvalidRequest):
        there = _read(clients, kind, name, group)
        if there is None or _has_holder(there):
            return
        raise
    while _read(clients, kind, name, group) is not None:
        pauses.take()


def _has_holder(thing: Document) -> bool:
    properties = inner(thing, "properties")
    return bool(inner(properties, "virtualMachine") or inner(properties, "ipConfiguration"))


def _read(clients: AzureClients, kind: str, name: str, group: str) -> Document | None:
    path = f"{clients.subscription}/resourceGroups/{group}/providers/Microsoft.Network/{kind}"
    try:
        with azure_errors(f"read {name}"):
            return clients.get(f"{path}/{name}", api_versions.NETWORK)
    except NotFound:
        return None

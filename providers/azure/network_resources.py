"""Creating and deleting the network interface and the public IP address of a VM.

Both are created before the VM, and Azure deletes them with the VM (`deleteOption`). If the VM
could not be created, they are deleted here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from providers.azure import api_versions, provisioning, write_requests
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, required
from providers.azure.resource_names import ResourceNames, tags_for
from skyclust.errors import Conflict, InvalidRequest, NotFound, Timeout, Unavailable
from skyclust.model.instance import InstanceSpec
from skyclust.model.resource import ResourceState
from skyclust.providerkit.polling import polls
from skyclust.providerkit.timeouts import WAIT_SECONDS

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


def create_address(clients: AzureClients, spec: InstanceSpec, token: str) -> Document:
    """Create the public address of a VM unless it exists; returns it once Azure has it ready."""
    name = ResourceNames(spec.name, token).address
    body = {
        "location": spec.region,
        "sku": {"name": "Standard"},
        "tags": tags_for(spec, token),
        "properties": {"publicIPAllocationMethod": "Static", "deleteOption": "Delete"},
        **({"zones": [spec.zone]} if spec.zone else {}),
    }
    return _create(clients, "publicIPAddresses", name, body, write_requests.put_address)


def create_interface(
    clients: AzureClients, spec: InstanceSpec, token: str, subnet: str, address: Document | None
) -> Document:
    """Create the interface of a VM unless it exists; returns it once Azure has it ready."""
    name = ResourceNames(spec.name, token).interface
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
    return _create(clients, "networkInterfaces", name, body, write_requests.put_interface)


def delete_network_resources(clients: AzureClients, names: ResourceNames) -> None:
    """Delete the interface and the public address of a VM that was not created, and wait.

    A resource that is attached to a VM is kept. Raises Conflict while Azure reserves the
    interface for the VM whose creation failed.
    """
    delete_interface(clients, clients.resource_group, names.interface)
    delete_address(clients, clients.resource_group, names.address)


def delete_interface(clients: AzureClients, group: str, name: str) -> None:
    """Delete an interface and wait until it is gone; an attached interface is kept."""
    _delete(clients, "networkInterfaces", name, group, write_requests.delete_interface)


def delete_address(clients: AzureClients, group: str, name: str) -> None:
    """Delete a public address and wait until it is gone; an associated address is kept."""
    _delete(clients, "publicIPAddresses", name, group, write_requests.delete_address)


def _create(
    clients: AzureClients,
    kind: str,
    name: str,
    body: Document,
    put: Callable[[AzureClients, str, str, Document], Document],
) -> Document:
    doing = f"create {name}"
    try:
        with azure_errors(doing):
            resource = put(clients, clients.resource_group, name, body)
    except Conflict:
        # Another process may be creating it at the same time.
        existing = _read(clients, kind, name, clients.resource_group)
        if existing is None:
            raise
        resource = existing
    for attempt in polls(WAIT_SECONDS):
        if attempt:
            latest = _read(clients, kind, name, clients.resource_group)
            if latest is None:
                raise Conflict(f"Could not {doing}: it was deleted meanwhile.", provider="azure")
            resource = latest
        if provisioning.is_ready(resource):
            return resource
        if provisioning.unsettled_state(resource) is ResourceState.ERROR:
            raise Unavailable(
                f"Could not {doing}: its provisioning state is {provisioning.native(resource)}.",
                hint="Repeat the request with the same token: it is created again.",
                provider="azure",
            )
    raise Timeout(f"{name} is not ready after {WAIT_SECONDS:.0f} s.", provider="azure")


def _delete(
    clients: AzureClients,
    kind: str,
    name: str,
    group: str,
    delete: Callable[[AzureClients, str, str], None],
) -> None:
    try:
        with azure_errors(f"delete {name}"):
            delete(clients, group, name)
    except NotFound:
        return
    except (Conflict, InvalidRequest):
        resource = _read(clients, kind, name, group)
        if resource is None or _is_attached(resource):
            return
        raise
    for _ in polls(WAIT_SECONDS):
        if _read(clients, kind, name, group) is None:
            return
    raise Timeout(f"{name} is not deleted after {WAIT_SECONDS:.0f} s.", provider="azure")


def _is_attached(resource: Document) -> bool:
    properties = inner(resource, "properties")
    return bool(inner(properties, "virtualMachine") or inner(properties, "ipConfiguration"))


def _read(clients: AzureClients, kind: str, name: str, group: str) -> Document | None:
    path = f"{clients.subscription}/resourceGroups/{group}/providers/Microsoft.Network/{kind}"
    try:
        with azure_errors(f"read {name}"):
            return clients.get(f"{path}/{name}", api_versions.NETWORK)
    except NotFound:
        return None

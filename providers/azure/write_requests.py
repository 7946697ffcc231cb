"""Requests that create, change and delete resources, sent through the SDK's clients.

Bodies are the JSON that Azure documents, and so are the responses. Long-running operations are
not awaited: their outcome is read from the resource itself, possibly by another process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from providers.azure.fields import required, text
from providers.azure.ids import group_of
from providers.azure.resources import name_of
from skyclust.providerkit.answers import require_object

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


def put_resource_group(clients: AzureClients, group: str, location: str) -> None:
    """Create a resource group unless it exists."""
    groups = clients.resources.resource_groups
    groups.create_or_update(group, {"location": location}, cls=_to_json)


def put_address(clients: AzureClients, group: str, name: str, body: Document) -> Document:
    """Create or update a public IP address; returns it as accepted."""
    parameters: Any = body
    addresses = clients.network.public_ip_addresses
    return _accepted(addresses.begin_create_or_update(group, name, parameters, **_NOT_AWAITED))


def put_interface(clients: AzureClients, group: str, name: str, body: Document) -> Document:
    """Create or update a network interface; returns it as accepted."""
    parameters: Any = body
    interfaces = clients.network.network_interfaces
    return _accepted(interfaces.begin_create_or_update(group, name, parameters, **_NOT_AWAITED))


def put_new_vm(clients: AzureClients, group: str, name: str, body: Document) -> Document:
    """Create a VM on condition that no VM has the name; returns it as accepted."""
    parameters: Any = body
    headers = {"If-None-Match": "*"}
    vms = clients.compute.virtual_machines
    return _accepted(
        vms.begin_create_or_update(group, name, parameters, headers=headers, **_NOT_AWAITED)
    )


def update_vm(clients: AzureClients, vm: Document, properties: Mapping[str, Any]) -> None:
    """Update properties of a VM on condition that it was not changed since it was read.

    Azure also refuses the update if another VM has the name by now, unless both have the same
    etag, which counts changes.
    """
    etag = text(vm, "etag")
    headers = {"If-Match": etag} if etag else {}
    parameters: Any = {"properties": properties}
    vms = clients.compute.virtual_machines
    vms.begin_update(*group_and_name(vm), parameters, polling=False, headers=headers)


def update_storage(clients: AzureClients, vm: Document, storage_profile: Document) -> None:
    """Update the disks of a VM on condition that it was not changed since it was read."""
    update_vm(clients, vm, {"storageProfile": storage_profile})


def start(clients: AzureClients, vm: Document) -> None:
    """Start a VM."""
    clients.compute.virtual_machines.begin_start(*group_and_name(vm), polling=False)


def power_off(clients: AzureClients, vm: Document) -> None:
    """Power off a VM, which stays allocated."""
    clients.compute.virtual_machines.begin_power_off(*group_and_name(vm), polling=False)


def deallocate(clients: AzureClients, vm: Document) -> None:
    """Stop and deallocate a VM."""
    clients.compute.virtual_machines.begin_deallocate(*group_and_name(vm), polling=False)


def restart(clients: AzureClients, vm: Document) -> None:
    """Restart a VM, with a single request that is never repeated."""
    vms = clients.compute.virtual_machines
    vms.begin_restart(*group_and_name(vm), polling=False, retry_total=0)


def delete_vm(clients: AzureClients, vm: Document) -> None:
    """Delete a VM."""
    clients.compute.virtual_machines.begin_delete(*group_and_name(vm), polling=False)


def group_and_name(resource: Document) -> tuple[str, str]:
    """Return resource group and name of a resource, the first two arguments of SDK methods."""
    return group_of(required(resource, "id")), name_of(resource)


def put_disk(clients: AzureClients, group: str, name: str, body: Document) -> Document:
    """Create or update a disk; returns it as accepted."""
    parameters: Any = body
    disks = clients.compute.disks
    return _accepted(disks.begin_create_or_update(group, name, parameters, **_NOT_AWAITED))


def delete_disk(clients: AzureClients, group: str, name: str) -> None:
    """Delete a disk."""
    clients.compute.disks.begin_delete(group, name, polling=False)


def put_snapshot(clients: AzureClients, group: str, name: str, body: Document) -> Document:
    """Create or update a snapshot of a disk; returns it as accepted."""
    parameters: Any = body
    snapshots = clients.compute.snapshots
    return _accepted(snapshots.begin_create_or_update(group, name, parameters, **_NOT_AWAITED))


def delete_snapshot(clients: AzureClients, group: str, name: str) -> None:
    """Delete a snapshot of a disk."""
    clients.compute.snapshots.begin_delete(group, name, polling=False)


def delete_address(clients: AzureClients, group: str, name: str) -> None:
    """Delete a public IP address."""
    clients.network.public_ip_addresses.begin_delete(group, name, polling=False)


def delete_interface(clients: AzureClients, group: str, name: str) -> None:
    """Delete a network interface."""
    clients.network.network_interfaces.begin_delete(group, name, polling=False)


def merge_tags(clients: AzureClients, scope: str, tags: Mapping[str, str]) -> None:
    """Set tags of the resource with the id `scope`; its other tags stay as they are."""
    _patch_tags(clients, scope, "Merge", tags)


def delete_tags(clients: AzureClients, scope: str, tags: Mapping[str, str]) -> None:
    """Delete tags, each by name and value, of the resource with the id `scope`."""
    _patch_tags(clients, scope, "Delete", tags)


def boot_diagnostics_urls(clients: AzureClients, vm: Document, minutes: int) -> Document:
    """Return SAS URLs of a VM's console log and screenshot, valid for some minutes."""
    response = clients.compute.virtual_machines.retrieve_boot_diagnostics_data(
        *group_and_name(vm), sas_uri_expiration_time_in_minutes=minutes, cls=_to_json
    )
    urls = require_object(response, doing="read the addresses of the console", provider="azure")
    return cast("Document", urls)


def _patch_tags(clients: AzureClients, scope: str, operation: str, tags: Mapping[str, str]) -> None:
    parameters: Any = {"operation": operation, "properties": {"tags": dict(tags)}}
    clients.resources.tags.begin_update_at_scope(scope, parameters, polling=False)


def _to_json(response: Any, model: object, headers: object) -> Any:
    """Return the JSON of a response in place of the SDK's model; None if it has no JSON."""
    del model, headers
    try:
        return response.http_response.json()
    except ValueError:
        return None


_NOT_AWAITED: Final[Any] = {"polling": False, "cls": _to_json}


def _accepted(operation: Any) -> Document:
    accepted = require_object(operation.result(), doing="read what was accepted", provider="azure")
    return cast("Document", accepted)

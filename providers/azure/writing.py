"""Asking for things: bodies are JSON as Azure documents them, and so are the answers.

An operation that Azure carries on by itself is not waited for: what becomes of it is read from
the thing it is about, by whatever process looks next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


def put_group(clients: AzureClients, group: str, location: str) -> None:
    """Make a resource group unless it is there."""
    clients.resources.resource_groups.create_or_update(group, {"location": location})


def put_address(clients: AzureClients, group: str, name: str, body: Document) -> Document:
    """Ask for a public address and return it as accepted."""
    asked: Any = body
    addresses = clients.network.public_ip_addresses
    return _json(addresses.begin_create_or_update(group, name, asked, **_AT_ONCE))


def put_interface(clients: AzureClients, group: str, name: str, body: Document) -> Document:
    """Ask for an interface and return it as accepted."""
    asked: Any = body
    interfaces = clients.network.network_interfaces
    return _json(interfaces.begin_create_or_update(group, name, asked, **_AT_ONCE))


def put_new_machine(clients: AzureClients, group: str, name: str, body: Document) -> Document:
    """Ask for a machine of a name that none has and return it as accepted."""
    asked: Any = body
    new = {"If-None-Match": "*"}
    machines = clients.compute.virtual_machines
    return _json(machines.begin_create_or_update(group, name, asked, headers=new, **_AT_ONCE))


def change_storage(clients: AzureClients, machine: Document, storage: Document) -> None:
    """Ask for other disks of a machine, unless the machine was changed since it was read."""
    unchanged = {"If-Match": machine["etag"]} if machine.get("etag") else {}
    group, name = machine["id"].split("/")[4], machine["name"]
    asked: Any = {"properties": {"storageProfile": storage}}
    machines = clients.compute.virtual_machines
    machines.begin_update(group, name, asked, polling=False, headers=unchanged)


def put_disk(clients: AzureClients, group: str, name: str, body: Document) -> Document:
    """Ask for a disk and return it as accepted."""
    asked: Any = body
    return _json(clients.compute.disks.begin_create_or_update(group, name, asked, **_AT_ONCE))


def remove_tag(clients: AzureClients, scope: str, name: str, value: str) -> None:
    """Ask for the end of one tag of anything."""
    body = {"operation": "Delete", "properties": {"tags": {name: value}}}
    patch_tags(clients, scope, body)


def patch_tags(clients: AzureClients, scope: str, body: Document) -> None:
    """Ask for a change of the tags of anything."""
    asked: Any = body
    clients.resources.tags.begin_update_at_scope(scope, asked, polling=False)


def delete_disk(clients: AzureClients, group: str, name: str) -> None:
    """Ask for the end of a disk."""
    clients.compute.disks.begin_delete(group, name, polling=False)


def delete_snapshot(clients: AzureClients, group: str, name: str) -> None:
    """Ask for the end of a snapshot of a disk."""
    clients.compute.snapshots.begin_delete(group, name, polling=False)


def put_snapshot(clients: AzureClients, group: str, name: str, body: Document) -> Document:
    """Ask for a snapshot of a disk and return it as accepted."""
    asked: Any = body
    snapshots = clients.compute.snapshots
    return _json(snapshots.begin_create_or_update(group, name, asked, **_AT_ONCE))


def delete_address(clients: AzureClients, group: str, name: str) -> None:
    """Ask for the end of a public address."""
    clients.network.public_ip_addresses.begin_delete(group, name, polling=False)


def delete_interface(clients: AzureClients, group: str, name: str) -> None:
    """Ask for the end of an interface."""
    clients.network.network_interfaces.begin_delete(group, name, polling=False)


def _raw(response: Any, model: object, headers: object) -> Any:
    """Return an answer as its JSON in place of the SDK's model of it."""
    del model, headers
    return response.http_response.json()


_AT_ONCE: Final[Any] = {"polling": False, "cls": _raw}


def _json(operation: Any) -> Document:
    return cast("Document", operation.result())

"""Asking for things: bodies are JSON as Azure documents them, and so are the answers.

An operation that Azure carries on by itself is not waited for: what becomes of it is read from
the thing it is about, by whatever process looks next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from providers.azure.fields import required, text
from providers.azure.ids import group_of
from providers.azure.resources import name_of
from skyclust.providerkit.answers import require_object

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


def put_group(clients: AzureClients, group: str, location: str) -> None:
    """Make a resource group unless it is there."""
    groups = clients.resources.resource_groups
    groups.create_or_update(group, {"location": location}, cls=_raw)


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


def change_machine(clients: AzureClients, machine: Document, properties: Document) -> None:
    """Ask for a change of a machine's properties, unless it was changed since it was read.

    Another machine that has its name by now refuses as well, unless it was changed as often.
    """
    tag = text(machine, "etag")
    unchanged = {"If-Match": tag} if tag else {}
    asked: Any = {"properties": properties}
    machines = clients.compute.virtual_machines
    machines.begin_update(*place_of(machine), asked, polling=False, headers=unchanged)


def change_storage(clients: AzureClients, machine: Document, storage: Document) -> None:
    """Ask for other disks of a machine, unless the machine was changed since it was read."""
    change_machine(clients, machine, {"storageProfile": storage})


def start(clients: AzureClients, machine: Document) -> None:
    """Ask for a start of a machine."""
    clients.compute.virtual_machines.begin_start(*place_of(machine), polling=False)


def power_off(clients: AzureClients, machine: Document) -> None:
    """Ask for a machine to be powered off, and to keep its place."""
    clients.compute.virtual_machines.begin_power_off(*place_of(machine), polling=False)


def deallocate(clients: AzureClients, machine: Document) -> None:
    """Ask for a machine to be stopped, and to give its place back."""
    clients.compute.virtual_machines.begin_deallocate(*place_of(machine), polling=False)


def restart(clients: AzureClients, machine: Document) -> None:
    """Ask for a restart of a machine, with one request whatever becomes of it."""
    machines = clients.compute.virtual_machines
    machines.begin_restart(*place_of(machine), polling=False, retry_total=0)


def delete_machine(clients: AzureClients, machine: Document) -> None:
    """Ask for the end of a machine."""
    clients.compute.virtual_machines.begin_delete(*place_of(machine), polling=False)


def place_of(thing: Document) -> tuple[str, str]:
    """Return group and name of a thing, as the SDK wants them."""
    return group_of(required(thing, "id")), name_of(thing)


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


def console_addresses(clients: AzureClients, machine: Document, minutes: int) -> Document:
    """Ask for addresses that open a machine's console log and screenshot for some minutes."""
    answer = clients.compute.virtual_machines.retrieve_boot_diagnostics_data(
        *place_of(machine), sas_uri_expiration_time_in_minutes=minutes, cls=_raw
    )
    told = require_object(answer, doing="read the addresses of the console", provider="azure")
    return cast("Document", told)


def _raw(response: Any, model: object, headers: object) -> Any:
    """Return an answer as its JSON in place of the SDK's model of it; None for none."""
    del model, headers
    try:
        return response.http_response.json()
    except ValueError:
        return None


_AT_ONCE: Final[Any] = {"polling": False, "cls": _raw}


def _json(operation: Any) -> Document:
    accepted = require_object(operation.result(), doing="read what was accepted", provider="azure")
    return cast("Document", accepted)

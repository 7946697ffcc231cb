"""What is left of a machine that is gone, by marks that say whose it was.

A name tells nothing: the next machine may have it, and while that one is being made its
interface looks like one that was left. So before a machine is deleted, what was made for it
and goes with it gets the machine's vmId, which Azure gives once, into its tag. A sweep takes
what bears the vmId of a machine that is gone and what nothing uses, and nothing else. A create
that repeats the request of a machine that is gone puts its interface anew, without the mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from providers.azure import api_versions, network_resources, write_requests
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, text
from providers.azure.ids import group_of, named, normal
from providers.azure.instances import TOKEN_TAG, look_for_same, machine_id, unique_id
from providers.azure.interfaces import address_ids, interface_references, unless_gone
from providers.azure.replaced_disks import delete_orphans
from providers.azure.resources import id_of, name_of, tags_of
from providers.azure.tags import INSTANCE_TAG
from skyclust.errors import NotFound
from skyclust.model.instance import InstanceReference

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

KEPT: Final = "detach"
"""The deleteOption of what outlives its machine, in lower case."""


def mark_belongings(clients: AzureClients, machine: Document) -> None:
    """Write a machine's vmId to the interface and the address that were made for it."""
    mine = unique_id(machine)
    for thing in _belongings(clients, machine):
        tags = tags_of(thing)
        made_for_it = normal(tags.get(INSTANCE_TAG, "")) == normal(name_of(machine))
        if TOKEN_TAG not in tags or not made_for_it:
            continue
        body = {"operation": "Merge", "properties": {"tags": {INSTANCE_TAG: mine}}}
        try:
            with azure_errors(f"mark {id_of(thing)} as a part of instance {id_of(machine)}"):
                write_requests.patch_tags(clients, id_of(thing), body)
        except NotFound:
            continue


def remove_leftovers(clients: AzureClients, instance: InstanceReference) -> None:
    """Remove what bears the mark of a machine that is gone, and that nothing uses.

    Nothing is touched while the machine exists.
    """
    try:
        if look_for_same(clients, instance) is not None:
            return
    except NotFound:
        pass  # another machine has its name
    group = machine_id(clients, instance.region, instance.id).group
    for name in _marked(clients, group, instance, "networkInterfaces", "virtualMachine"):
        network_resources.remove_interface(clients, group, name)
    for name in _marked(clients, group, instance, "publicIPAddresses", "ipConfiguration"):
        network_resources.remove_address(clients, group, name)
    delete_orphans(clients, group, instance.unique_id)


def _belongings(clients: AzureClients, machine: Document) -> Iterator[Document]:
    """Yield the interfaces and public addresses that go with a machine."""
    for used in interface_references(machine):
        interface_id = named(text(used, "id"))
        if interface_id is None or _outlives(inner(used, "properties")):
            continue
        interface = unless_gone(clients, interface_id, api_versions.NETWORK)
        if interface is None:
            continue
        yield interface
        for address_id in address_ids(interface):
            address = unless_gone(clients, address_id, api_versions.NETWORK)
            if address is not None and not _outlives(inner(address, "properties")):
                yield address


def _outlives(part: Mapping[str, Any]) -> bool:
    return (text(part, "deleteOption") or "").lower() == KEPT


def _marked(
    clients: AzureClients, group: str, instance: InstanceReference, kind: str, holder: str
) -> list[str]:
    """Return the names of what bears the machine's mark, in its group, and has no holder."""
    path = f"{clients.subscription}/resourceGroups/{group}/providers/Microsoft.Network/{kind}"
    try:
        with azure_errors(f"look for what is left of instance {instance.id}"):
            listed = clients.every(path, api_versions.NETWORK)
    except NotFound:  # the group is gone with all that was in it
        return []
    return [
        name_of(one)
        for one in listed
        if tags_of(one).get(INSTANCE_TAG) == instance.unique_id
        and TOKEN_TAG in tags_of(one)
        and not inner(inner(one, "properties"), holder)
        and normal(group_of(id_of(one))) == normal(group)
    ]

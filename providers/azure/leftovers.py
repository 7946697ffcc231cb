"""Resources that a deleted VM left behind, identified by the vmId of the VM in a tag.

A name proves nothing: the next VM may have the same name, and while it is being created its
interface looks like a leftover. So before a VM is deleted, the vmId, which Azure assigns only
once, is written into a tag of each resource that was created for the VM and is to be deleted
with it. Only unused resources that have the vmId of a deleted VM are removed. A create that
repeats the request of a deleted VM puts its interface again, without the vmId.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from providers.azure import api_versions, network_resources, write_requests
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, text
from providers.azure.ids import group_of, named, normal
from providers.azure.instances import unique_id
from providers.azure.interfaces import address_ids, interface_references, read_unless_deleted
from providers.azure.replaced_disks import delete_orphaned_disks
from providers.azure.resources import id_of, name_of, tags_of
from providers.azure.tags import INSTANCE_TAG, TOKEN_TAG
from skyclust.errors import NotFound
from skyclust.model.instance import InstanceReference

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

DETACH: Final = "detach"
"""The deleteOption, in lower case, of a resource that is kept when its VM is deleted."""


def tag_network_resources(clients: AzureClients, vm: Document) -> None:
    """Write a VM's vmId into a tag of the interface and the address created for the VM."""
    for resource in _deleted_with_vm(clients, vm):
        tags = tags_of(resource)
        created_for_vm = normal(tags.get(INSTANCE_TAG, "")) == normal(name_of(vm))
        if TOKEN_TAG not in tags or not created_for_vm:
            continue
        try:
            with azure_errors(f"tag {id_of(resource)} as a part of instance {id_of(vm)}"):
                vm_tag = {INSTANCE_TAG: unique_id(vm)}
                write_requests.merge_tags(clients, id_of(resource), vm_tag)
        except NotFound:
            continue


def delete_leftovers(clients: AzureClients, group: str, instance: InstanceReference) -> None:
    """Delete the unused resources in a resource group that have the vmId of a deleted VM.

    The caller has made sure that the VM does not exist.
    """
    for name in _unused(clients, group, instance, "networkInterfaces", "virtualMachine"):
        network_resources.delete_interface(clients, group, name)
    for name in _unused(clients, group, instance, "publicIPAddresses", "ipConfiguration"):
        network_resources.delete_address(clients, group, name)
    delete_orphaned_disks(clients, group, instance.unique_id)


def _deleted_with_vm(clients: AzureClients, vm: Document) -> Iterator[Document]:
    """Yield the interfaces and public addresses that Azure deletes together with a VM."""
    for entry in interface_references(vm):
        interface_id = named(text(entry, "id"))
        if interface_id is None or _is_kept(inner(entry, "properties")):
            continue
        interface = read_unless_deleted(clients, interface_id, api_versions.NETWORK)
        if interface is None:
            continue
        yield interface
        for address_id in address_ids(interface):
            address = read_unless_deleted(clients, address_id, api_versions.NETWORK)
            if address is not None and not _is_kept(inner(address, "properties")):
                yield address


def _is_kept(properties: Mapping[str, Any]) -> bool:
    return (text(properties, "deleteOption") or "").lower() == DETACH


def _unused(
    clients: AzureClients, group: str, instance: InstanceReference, kind: str, used_by: str
) -> list[str]:
    """Return the names of the resources of a kind in a group that have the instance's vmId.

    Resources with a value in the field `used_by` are in use and left out.
    """
    path = f"{clients.subscription}/resourceGroups/{group}/providers/Microsoft.Network/{kind}"
    try:
        with azure_errors(f"look for leftovers of instance {instance.id}"):
            resources = clients.list_all(path, api_versions.NETWORK)
    except NotFound:  # the resource group was deleted with everything in it
        return []
    return [
        name_of(resource)
        for resource in resources
        if tags_of(resource).get(INSTANCE_TAG) == instance.unique_id
        and TOKEN_TAG in tags_of(resource)
        and not inner(inner(resource, "properties"), used_by)
        and normal(group_of(id_of(resource))) == normal(group)
    ]

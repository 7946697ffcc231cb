"""The disks that a restore replaces, and the disks that an interrupted restore left behind.

Until the restore is complete, the new disk has a tag that names the disk it replaces and how
that disk was attached. With the tag, any process finds both disks, and knows which of them to
delete if the VM is deleted meanwhile. As disk names can be reused, the tag also contains the
`uniqueId` that Azure gave the replaced disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from providers.azure import api_versions, write_requests
from providers.azure.disks import KIND, unique_disk_id, vms_of
from providers.azure.errors import azure_errors
from providers.azure.fields import required
from providers.azure.ids import ResourceId, group_of
from providers.azure.instances import unique_id
from providers.azure.interfaces import read_unless_deleted
from providers.azure.provisioning import unsettled_state
from providers.azure.resources import id_of, name_of, tags_of
from providers.azure.tags import INSTANCE_TAG
from skyclust.errors import NotFound
from skyclust.model.resource import ResourceState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

REPLACES_TAG: Final = "skyclust-replaces"
"""On a new disk whose restore is not complete: the ReplacedDisk, as text."""

DETACH: Final = "Detach"
"""The deleteOption of a disk that is kept when its VM is deleted."""


@dataclass(frozen=True)
class ReplacedDisk:
    """The disk that a new disk replaces, and how it was attached; no name if there was none.

    Tags of older versions have no `unique_id`: they do not prove which disk had the name.
    """

    group: str = ""
    name: str = ""
    delete_option: str = DETACH
    caching: str = "None"
    unique_id: str = ""

    def __str__(self) -> str:
        return "/".join((self.group, self.name, self.delete_option, self.caching, self.unique_id))

    @classmethod
    def from_tags(cls, disk: Mapping[str, Any]) -> Self | None:
        """Return the disk that the tag of a new disk names, or None for a disk without the tag."""
        fields = tags_of(disk).get(REPLACES_TAG, "").split("/")
        return cls(*fields) if len(fields) in {4, 5} else None


def delete_unattached_disks(clients: AzureClients, vm: Document) -> None:
    """Request the deletion of the unattached disks of a VM's interrupted restore.

    Of a new disk and the disk it replaces, Azure treats the attached disk as its deleteOption
    says when the VM is deleted. If neither is attached, the replaced disk is kept if its
    deleteOption was Detach.
    """
    for disk, replaced in _disks_of_restore(clients, group_of(id_of(vm)), unique_id(vm)):
        if not vms_of(disk):
            delete_disk(clients, disk)
        if vms_of(disk) or replaced.delete_option != DETACH:
            delete_replaced_disk(clients, replaced)


def delete_orphaned_disks(clients: AzureClients, group: str, vm_unique_id: str) -> None:
    """Request the deletion of the disks that the interrupted restore of a deleted VM left.

    If the replaced disk was to be kept when the VM is deleted, it can no longer be determined
    which of the two disks the VM had at its end: both are kept.
    """
    for disk, replaced in _disks_of_restore(clients, group, vm_unique_id):
        if replaced.delete_option == DETACH:
            continue
        if not vms_of(disk):
            delete_disk(clients, disk)
        delete_replaced_disk(clients, replaced)


def _disks_of_restore(
    clients: AzureClients, group: str, vm_unique_id: str
) -> Iterator[tuple[Document, ReplacedDisk]]:
    """Yield the disks in a group that an incomplete restore of a VM, by vmId, created."""
    path = f"{clients.subscription}/resourceGroups/{group}/providers/Microsoft.Compute/disks"
    try:
        with azure_errors(f"look for leftover disks of the instance with vmId {vm_unique_id}"):
            disks = clients.list_all(path, api_versions.DISKS)
    except NotFound:  # the resource group was deleted with everything in it
        return
    for disk in disks:
        replaced = ReplacedDisk.from_tags(disk)
        if replaced is not None and tags_of(disk).get(INSTANCE_TAG) == vm_unique_id:
            yield disk, replaced


def delete_replaced_disk(clients: AzureClients, replaced: ReplacedDisk) -> bool:
    """Request the deletion of a replaced disk; return whether it is gone.

    A disk that is attached to a VM counts as gone, because it belongs to that VM. So does a disk
    whose `uniqueId` does not prove that it is the replaced disk.
    """
    if not replaced.name:
        return True
    resource_id = ResourceId(clients.subscription_id, replaced.group, KIND, replaced.name)
    disk = find_disk(clients, str(resource_id))
    if disk is None or vms_of(disk) or unique_disk_id(disk) != replaced.unique_id:
        return True
    delete_disk(clients, disk)
    return False


def delete_disk(clients: AzureClients, disk: Document) -> None:
    """Request the deletion of a disk, unless it is being deleted."""
    if unsettled_state(disk) is ResourceState.DELETING:
        return
    group, name = group_of(required(disk, "id")), name_of(disk)
    try:
        with azure_errors(f"delete disk {name} in group {group}, which was replaced"):
            write_requests.delete_disk(clients, group, name)
    except NotFound:
        return


def find_disk(clients: AzureClients, disk_id: str) -> Document | None:
    """Return a disk as Azure returns it, or None if it does not exist."""
    return read_unless_deleted(clients, disk_id, api_versions.DISKS)

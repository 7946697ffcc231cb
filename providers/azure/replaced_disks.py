"""Disks that a restore makes, and what is left of one that broke off.

A disk that is to take another's place bears a mark for as long as the restore is not through:
which disk it replaces, and how that one was attached. With the mark any process finds both, and
knows which of them nobody will want when the machine is deleted meanwhile. As names of disks
are given again, the mark has Azure's own id of the disk that is replaced as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from providers.azure import api_versions, write_requests
from providers.azure.disks import KIND, holders
from providers.azure.disks import unique_id as unique_id_of_disk
from providers.azure.errors import azure_errors
from providers.azure.fields import required
from providers.azure.ids import ResourceId, group_of
from providers.azure.instances import unique_id
from providers.azure.provisioning import unsettled
from providers.azure.resources import id_of, name_of, tags_of
from providers.azure.tags import INSTANCE_TAG
from skyclust.errors import NotFound
from skyclust.model.resource import ResourceState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

REPLACES_TAG: Final = "skyclust-replaces"
"""Holds the mark of a disk whose restore is not through."""

OUTLIVES: Final = "Detach"
"""The deleteOption of a disk that stays when its machine is deleted."""


@dataclass(frozen=True)
class Mark:
    """The disk that is replaced, without a name where there was none, and how it was attached.

    Older marks have no `unique_id`: they do not prove which disk bore the name.
    """

    group: str = ""
    name: str = ""
    delete_option: str = OUTLIVES
    caching: str = "None"
    unique_id: str = ""

    def __str__(self) -> str:
        return "/".join((self.group, self.name, self.delete_option, self.caching, self.unique_id))

    @classmethod
    def of(cls, disk: Mapping[str, Any]) -> Self | None:
        """Return the mark that a disk bears, None for a disk without one."""
        words = tags_of(disk).get(REPLACES_TAG, "").split("/")
        return cls(*words) if len(words) in {4, 5} else None


def delete_leftovers(clients: AzureClients, machine: Document) -> None:
    """Ask for the end of the disks that a restore of a machine which broke off left unattached.

    Of a disk and the one that it replaces, the one that is attached goes with the machine as it
    says itself. Where neither is, the one that was there before is kept if it was to outlive
    the machine.
    """
    for disk, mark in _marked(clients, group_of(id_of(machine)), unique_id(machine)):
        if not holders(disk):
            delete_disk(clients, disk)
        if holders(disk) or mark.delete_option != OUTLIVES:
            remove_replaced(clients, mark)


def delete_orphans(clients: AzureClients, group: str, machine: str) -> None:
    """Ask for the end of the disks that a broken-off restore of a machine that is gone left.

    Where the disk that was replaced was to outlive the machine, nobody can tell any more which
    of both the machine had at last: both are kept.
    """
    for disk, mark in _marked(clients, group, machine):
        if mark.delete_option == OUTLIVES:
            continue
        if not holders(disk):
            delete_disk(clients, disk)
        remove_replaced(clients, mark)


def _marked(clients: AzureClients, group: str, machine: str) -> Iterator[tuple[Document, Mark]]:
    """Yield the disks in a group that a restore of a machine, by its vmId, made and has marked."""
    path = f"{clients.subscription}/resourceGroups/{group}/providers/Microsoft.Compute/disks"
    try:
        with azure_errors(f"look for disks that are left of the instance with vmId {machine}"):
            listed = clients.every(path, api_versions.DISKS)
    except NotFound:  # the group is gone with all that was in it
        return
    for disk in listed:
        mark = Mark.of(disk)
        if mark is not None and tags_of(disk).get(INSTANCE_TAG) == machine:
            yield disk, mark


def remove_replaced(clients: AzureClients, mark: Mark) -> bool:
    """Ask for the end of the disk that was replaced; return whether it is gone.

    One that a machine has counts as gone: it is that machine's. So does one that is not proven
    to be the one that was replaced.
    """
    if not mark.name:
        return True
    there = ResourceId(clients.subscription_id, mark.group, KIND, mark.name)
    replaced = look(clients, str(there))
    if replaced is None or holders(replaced) or unique_id_of_disk(replaced) != mark.unique_id:
        return True
    delete_disk(clients, replaced)
    return False


def delete_disk(clients: AzureClients, disk: Document) -> None:
    """Ask for the end of a disk, unless it is being deleted."""
    if unsettled(disk) is ResourceState.DELETING:
        return
    group, name = group_of(required(disk, "id")), name_of(disk)
    try:
        with azure_errors(f"delete disk {name} in group {group}, which was replaced"):
            write_requests.delete_disk(clients, group, name)
    except NotFound:
        return


def look(clients: AzureClients, disk_id: str) -> Document | None:
    """Return a disk as Azure has it, None when there is none."""
    try:
        with azure_errors(f"read disk {disk_id}"):
            return clients.get(disk_id, api_versions.DISKS)
    except NotFound:
        return None

"""Attaching disks to machines, and detaching them.

Which disks a machine has is part of the machine: it is changed on condition that nobody has
changed the machine since it was read (`If-Match`), so two writers do not undo each other.
Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/update
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from providers.azure import write_requests
from providers.azure.disks import disk_id, holders, read_disk, to_disk
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, number, required
from providers.azure.ids import reference
from providers.azure.instances import boot_disk, disks_of, disks_to_change, read_same
from providers.azure.resources import id_of, name_of
from skyclust.errors import InvalidRequest
from skyclust.model.instance import InstanceReference
from skyclust.model.resource import Resource

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


def get_disk(clients: AzureClients, region: str, written: str) -> Resource:
    """Return a disk as inventory does; raises NotFound when there is none."""
    return to_disk(read_disk(clients, region, written))


def attach_disk(clients: AzureClients, instance: InstanceReference, written: str) -> None:
    """Ask for a disk to be attached; one that the machine has is left as it is."""
    machine = read_same(clients, instance)
    disk = read_disk(clients, instance.region, written)
    wanted = id_of(disk)
    if wanted in disks_of(machine):
        return
    doing = f"attach disk {wanted} to instance {instance.id} in {instance.region}"
    if holders(disk) and (number(inner(disk, "properties"), "maxShares") or 1) == 1:
        raise InvalidRequest(
            f"Could not {doing}: {', '.join(holders(disk))} has it.",
            hint="Detach it there first.",
            provider="azure",
        )
    attached = disks_to_change(machine)
    new = {
        "lun": _free_lun(attached),
        "name": name_of(disk),
        "createOption": "Attach",
        "deleteOption": "Detach",
        "managedDisk": {"id": required(disk, "id")},
    }
    _put(clients, doing, machine, [*attached, new])


def detach_disk(clients: AzureClients, instance: InstanceReference, written: str) -> None:
    """Ask for a disk to be detached; one that the machine does not have is left as it is."""
    unwanted = str(disk_id(clients, instance.region, written))
    machine = read_same(clients, instance)
    doing = f"detach disk {unwanted} from instance {instance.id} in {instance.region}"
    if reference(boot_disk(machine), "managedDisk") == unwanted:
        raise InvalidRequest(f"Could not {doing}: it is the boot disk.", provider="azure")
    attached = disks_to_change(machine)
    kept = [disk for disk in attached if reference(disk, "managedDisk") != unwanted]
    if len(kept) < len(attached):
        _put(clients, doing, machine, kept)


def _free_lun(attached: Sequence[Mapping[str, Any]]) -> int:
    taken = {number(disk, "lun") for disk in attached}
    return next(lun for lun in range(len(taken) + 1) if lun not in taken)


def _put(
    clients: AzureClients, doing: str, machine: Document, disks: Sequence[Mapping[str, Any]]
) -> None:
    with azure_errors(doing):
        write_requests.change_storage(clients, machine, {"dataDisks": [*disks]})

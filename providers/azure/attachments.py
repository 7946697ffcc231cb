"""Attaching disks to machines, and detaching them.

Which disks a machine has is part of the machine: it is changed on condition that nobody has
changed the machine since it was read (`If-Match`), so two writers do not undo each other.
Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/update
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.azure import writing
from providers.azure.disks import disk_id, holders, read_disk, to_disk
from providers.azure.errors import azure_errors
from providers.azure.ids import normal, reference
from providers.azure.instances import disks_of, read_machine
from skyclust.errors import InvalidRequest
from skyclust.model.resource import Resource

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


def get_disk(clients: AzureClients, region: str, written: str) -> Resource:
    """Return a disk as inventory does; raises NotFound when there is none."""
    return to_disk(read_disk(clients, region, written))


def attach_disk(clients: AzureClients, region: str, instance_id: str, written: str) -> None:
    """Ask for a disk to be attached; one that the machine has is left as it is."""
    machine = read_machine(clients, region, instance_id)
    disk = read_disk(clients, region, written)
    wanted = normal(disk["id"])
    if wanted in disks_of(machine):
        return
    doing = f"attach disk {wanted} to instance {instance_id} in {region}"
    if holders(disk) and int(disk["properties"].get("maxShares") or 1) == 1:
        raise InvalidRequest(
            f"Could not {doing}: {', '.join(holders(disk))} has it.",
            hint="Detach it there first.",
            provider="azure",
        )
    attached = _data_disks(machine)
    attached.append(
        {
            "lun": _free_lun(attached),
            "name": disk["name"],
            "createOption": "Attach",
            "deleteOption": "Detach",
            "managedDisk": {"id": disk["id"]},
        }
    )
    _put(clients, doing, machine, attached)


def detach_disk(clients: AzureClients, region: str, instance_id: str, written: str) -> None:
    """Ask for a disk to be detached; one that the machine does not have is left as it is."""
    unwanted = str(disk_id(clients, region, written))
    machine = read_machine(clients, region, instance_id)
    doing = f"detach disk {unwanted} from instance {instance_id} in {region}"
    boot = machine["properties"].get("storageProfile", {}).get("osDisk") or {}
    if reference(boot.get("managedDisk")) == unwanted:
        raise InvalidRequest(f"Could not {doing}: it is the boot disk.", provider="azure")
    attached = _data_disks(machine)
    kept = [disk for disk in attached if reference(disk.get("managedDisk")) != unwanted]
    if len(kept) < len(attached):
        _put(clients, doing, machine, kept)


def _data_disks(machine: Document) -> list[Document]:
    return list(machine["properties"].get("storageProfile", {}).get("dataDisks") or ())


def _free_lun(attached: list[Document]) -> int:
    taken = {int(disk["lun"]) for disk in attached}
    return next(lun for lun in range(len(taken) + 1) if lun not in taken)


def _put(clients: AzureClients, doing: str, machine: Document, data_disks: list[Document]) -> None:
    with azure_errors(doing):
        writing.change_storage(clients, machine, {"dataDisks": data_disks})

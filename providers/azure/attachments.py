"""Attaching disks to VMs, and detaching them.

The list of disks is a property of the VM. It is updated on condition that the VM was not changed
since it was read (`If-Match`), so two concurrent writers do not undo each other.
Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/update
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from providers.azure import write_requests
from providers.azure.disks import parse_disk_id, read_disk, to_disk, vms_of
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, number, required
from providers.azure.ids import reference
from providers.azure.instances import data_disks_for_update, disks_of, os_disk, read_same_vm
from providers.azure.resources import id_of, name_of
from skyclust.contract import DiskProvider
from skyclust.errors import InvalidRequest
from skyclust.model.instance import InstanceReference
from skyclust.model.resource import Resource

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


class AzureDisks(DiskProvider):
    """Attaches managed disks to VMs and detaches them."""

    _clients: AzureClients

    def get_disk(self, region: str, disk_id: str) -> Resource:
        """Return a disk as an inventory resource; raises NotFound if the region has none."""
        return to_disk(read_disk(self._clients, region, disk_id))

    def attach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Request that a disk is attached as a data disk, to be kept when the VM is deleted.

        A disk that is attached to the VM already is left unchanged. Raises InvalidRequest for an
        unshared disk that another VM has.
        """
        vm = read_same_vm(self._clients, instance)
        disk = read_disk(self._clients, instance.region, disk_id)
        if id_of(disk) in disks_of(vm):
            return
        doing = f"attach disk {id_of(disk)} to instance {instance.id} in {instance.region}"
        if vms_of(disk) and (number(inner(disk, "properties"), "maxShares") or 1) == 1:
            raise InvalidRequest(
                f"Could not {doing}: {', '.join(vms_of(disk))} has it.",
                hint="Detach it there first.",
                provider="azure",
            )
        attached = data_disks_for_update(vm)
        added = {
            "lun": _free_lun(attached),
            "name": name_of(disk),
            "createOption": "Attach",
            "deleteOption": "Detach",
            "managedDisk": {"id": required(disk, "id")},
        }
        self._update_data_disks(doing, vm, [*attached, added])

    def detach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Request that a data disk is detached; a disk that the VM does not have is no error.

        Raises InvalidRequest for the OS disk.
        """
        detached = str(parse_disk_id(self._clients, instance.region, disk_id))
        vm = read_same_vm(self._clients, instance)
        doing = f"detach disk {detached} from instance {instance.id} in {instance.region}"
        if reference(os_disk(vm), "managedDisk") == detached:
            raise InvalidRequest(f"Could not {doing}: it is the OS disk.", provider="azure")
        attached = data_disks_for_update(vm)
        kept = [disk for disk in attached if reference(disk, "managedDisk") != detached]
        if len(kept) < len(attached):
            self._update_data_disks(doing, vm, kept)

    def _update_data_disks(
        self, doing: str, vm: Document, disks: Sequence[Mapping[str, Any]]
    ) -> None:
        with azure_errors(doing):
            write_requests.update_storage(self._clients, vm, {"dataDisks": [*disks]})


def _free_lun(attached: Sequence[Mapping[str, Any]]) -> int:
    used = {number(disk, "lun") for disk in attached}
    return next(lun for lun in range(len(used) + 1) if lun not in used)

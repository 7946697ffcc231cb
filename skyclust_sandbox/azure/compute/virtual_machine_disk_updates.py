"""Updates of a virtual machine's disks: OS disk swap, and the list of data disks.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/linux/os-disk-swap and
https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/update
"""

from __future__ import annotations

from typing import Any

from skyclust_sandbox.azure.compute.virtual_machine_disks import (
    PlannedDisk,
    VmPlacement,
    create_and_attach,
    plan_data_disk,
    plan_os_disk,
)
from skyclust_sandbox.azure.compute.virtual_machine_sizes import VmSize
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error
from skyclust_sandbox.azure.state import Resource


def plan_os_disk_swap(
    context: RequestContext, vm: Resource, storage_profile: dict[str, Any], *, size: VmSize
) -> PlannedDisk | None:
    """Return the new OS disk of an update, or None if the update keeps the OS disk.

    Refuses a VM that runs, a name that is not the new disk's, and a disk without the VM's
    operating system.
    """
    requested = storage_profile.get("osDisk") or {}
    disk_id = (requested.get("managedDisk") or {}).get("id")
    current = vm.properties["storageProfile"]["osDisk"]
    if disk_id is None or disk_id.lower() == current["managedDisk"]["id"].lower():
        return None
    if vm.power not in {"deallocated", "stopped"}:
        message = f"The OS disk of VM '{vm.name}' can be changed only while it is deallocated."
        raise arm_error(409, "OperationNotAllowed", message)
    merged = {**requested, "createOption": "Attach", "osType": current["osType"]}
    merged.setdefault("deleteOption", current["deleteOption"])
    planned = plan_os_disk(context, _placement(vm), {"osDisk": merged}, size)
    name = planned.profile["name"]
    if requested.get("name", name) != name:
        message = f"The name of the OS disk is not '{requested['name']}' but '{name}'."
        raise arm_error(409, "ConflictingUserInput", message)
    disk = context.state.resources.find(planned.disk_id)
    if disk is not None and disk.properties.get("osType") != current["osType"]:
        message = f"Disk {disk.name} has no operating system of type {current['osType']}."
        raise arm_error(409, "ConflictingUserInput", message)
    return planned


def swap_os_disk(context: RequestContext, vm: Resource, planned: PlannedDisk) -> list[Resource]:
    """Attach the planned OS disk to the VM, and return the disk that it replaces, if it exists."""
    storage_profile = vm.properties["storageProfile"]
    current = storage_profile["osDisk"]
    replaced = context.state.resources.find(current["managedDisk"]["id"])
    # `createOption` says how the VM was created, so a swap does not change it.
    storage_profile["osDisk"] = {**planned.profile, "createOption": current["createOption"]}
    create_and_attach(context, vm, planned)
    return [] if replaced is None else [replaced]


def plan_data_disk_update(
    context: RequestContext, vm: Resource, requested: list[dict[str, Any]], size: VmSize
) -> list[PlannedDisk]:
    """Return all data disks that the VM will have; an update keeps disks by id or by name.

    Refuses repeated LUNs, another disk at the LUN of an attached disk, and more disks than the
    VM's size allows.
    """
    attached = {
        disk["managedDisk"]["id"].lower(): disk
        for disk in vm.properties["storageProfile"]["dataDisks"]
    }
    id_of_name = {disk["name"].lower(): disk_id for disk_id, disk in attached.items()}
    id_at_lun = {disk["lun"]: disk_id for disk_id, disk in attached.items()}
    planned, luns = [], set()
    for entry in requested:
        if entry.get("toBeDetached"):
            continue
        lun = entry.get("lun")
        if not isinstance(lun, int) or lun in luns:
            message = f"A disk at LUN {lun} already exists."
            raise arm_error(409, "ConflictingUserInput", message)
        luns.add(lun)
        disk_id = str((entry.get("managedDisk") or {}).get("id", "")).lower()
        disk_id = disk_id or id_of_name.get(str(entry.get("name", "")).lower(), "")
        if lun in id_at_lun and disk_id != id_at_lun[lun]:
            message = "Changing property 'dataDisk.managedDisk.id' is not allowed."
            raise arm_error(409, "PropertyChangeNotAllowed", message)
        if disk_id in attached:
            changes = {name: entry[name] for name in ("caching", "deleteOption") if name in entry}
            profile = {**attached[disk_id], **changes, "lun": lun}
            planned.append(PlannedDisk(profile, profile["managedDisk"]["id"]))
        else:
            planned.append(plan_data_disk(context, _placement(vm), entry))
    if len(planned) > size.data_disks:
        message = f"The maximum number of data disks allowed is {size.data_disks}."
        raise arm_error(409, "OperationNotAllowed", message)
    return planned


def apply_data_disks(
    context: RequestContext, vm: Resource, planned: list[PlannedDisk]
) -> list[Resource]:
    """Replace the VM's data disks by the planned ones, and return the disks to detach."""
    storage_profile = vm.properties["storageProfile"]
    planned_ids = {disk.disk_id.lower() for disk in planned}
    detached = [
        disk
        for profile in storage_profile["dataDisks"]
        if profile["managedDisk"]["id"].lower() not in planned_ids
        and (disk := context.state.resources.find(profile["managedDisk"]["id"])) is not None
    ]
    storage_profile["dataDisks"] = [disk.profile for disk in planned]
    for planned_disk in planned:
        create_and_attach(context, vm, planned_disk)
    return detached


def _placement(vm: Resource) -> VmPlacement:
    return VmPlacement(vm.id, vm.name, vm.location, vm.body.get("zones", []))

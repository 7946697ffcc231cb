"""Changes of a machine: another size, other disks, other tags.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/sizes/resize-vm and
https://learn.microsoft.com/en-us/azure/virtual-machines/linux/os-disk-swap
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from azure.mgmt.compute import models as compute
from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute import disks, virtual_machine_interfaces
from skyclust_sandbox.azure.compute.boot_diagnostics import boot
from skyclust_sandbox.azure.compute.quotas import take_cores
from skyclust_sandbox.azure.compute.virtual_machine_disks import (
    Place,
    PlannedDisk,
    plan_boot_disk,
    plan_data_disk,
    settle,
)
from skyclust_sandbox.azure.compute.virtual_machine_sizes import SIZES, Size, require_size, sizes_in
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal
from skyclust_sandbox.azure.schema import check_document
from skyclust_sandbox.azure.state import Resource
from skyclust_sandbox.azure.tracked_resources import check_tags, properties

KIND: Final = "Microsoft.Compute/virtualMachines"

_COPIED: Final = ("diagnosticsProfile", "licenseType", "userData", "billingProfile", "priority")


def replace(ask: Ask, machine: Resource, body: dict[str, Any]) -> Response:
    """Change a machine by a PUT: its tags are those given, and no others."""
    check_match(ask, machine)
    return _change(ask, machine, body.get("properties", {}), body.get("tags", {}))


def update(ask: Ask) -> Response:
    """VirtualMachines_Update."""
    machine = ask.find(KIND)
    check_match(ask, machine)
    body = ask.body()
    check_document(compute.VirtualMachineUpdate, body)
    return _change(ask, machine, body.get("properties", {}), body.get("tags"))


def attach_detach(ask: Ask) -> Response:
    """VirtualMachines_AttachDetachDataDisks."""
    machine = ask.find(KIND)
    refuse_busy(machine)
    body = ask.body()
    check_document(compute.AttachDetachDataDisksRequest, body)
    now = list(properties(machine)["storageProfile"]["dataDisks"])
    leaving = {str(one["diskId"]).lower() for one in body.get("dataDisksToDetach") or []}
    missing = leaving - {part["managedDisk"]["id"].lower() for part in now}
    if missing:
        message = f"The disks {', '.join(sorted(missing))} are not attached to VM {machine.name}."
        raise refusal(400, "InvalidParameter", message)
    kept = [part for part in now if part["managedDisk"]["id"].lower() not in leaving]
    free = (lun for lun in range(64) if lun not in {part["lun"] for part in kept})
    for one in body.get("dataDisksToAttach") or []:
        kept.append(
            {
                "lun": one["lun"] if "lun" in one else next(free),
                "createOption": "Attach",
                "managedDisk": {"id": one["diskId"]},
                **{name: one[name] for name in ("caching", "deleteOption") if name in one},
            }
        )
    planned = _plan_data_disks(ask, machine, kept, _size_of(machine))
    end = _settle_disks(ask, machine, planned)
    begin_update(machine)
    operation = ask.begin(
        machine,
        lambda: end_update(machine, end),
        output=lambda: properties(machine)["storageProfile"],
    )
    return ask.accepted(operation, None, 202, location=True)


def refuse_busy(machine: Resource) -> None:
    """Refuse a change while another is under way."""
    if properties(machine)["provisioningState"] == "Deleting":
        message = f"Operation is not allowed on VM '{machine.name}' since the VM is marked for"
        raise refusal(409, "OperationNotAllowed", f"{message} deletion.")
    if machine.is_busy:
        raise refusal(
            409,
            "Conflict",
            "The request failed due to conflict with a concurrent request. To resolve it, please"
            " refer to https://aka.ms/activitylog to get more details on the conflicting requests.",
        )


def check_match(ask: Ask, machine: Resource) -> None:
    """Refuse a change meant for another state of the machine than the present one."""
    wanted = ask.request.headers.get("If-Match")
    if wanted not in {None, "*", machine.body["etag"]}:
        message = f"The condition 'If-Match: {wanted}' is not satisfied."
        raise refusal(412, "PreconditionFailed", message)


def begin_update(machine: Resource) -> None:
    """Let a machine show that it is being changed."""
    properties(machine)["provisioningState"] = "Updating"
    number = int(str(machine.body["etag"]).strip('"')) + 1
    machine.body["etag"] = f'"{number}"'


def end_update(machine: Resource, leaving: Iterable[Resource] = ()) -> None:
    """Let a machine show that it has been changed; the disks that it no longer has are free."""
    properties(machine)["provisioningState"] = "Succeeded"
    machine.failure = None
    for disk in leaving:
        disks.detach(disk)


def _change(
    ask: Ask, machine: Resource, asked: dict[str, Any], tags: dict[str, str] | None
) -> Response:
    refuse_busy(machine)
    if tags is not None:
        check_tags(tags)
    shown = properties(machine)
    size = _resized(ask, machine, asked)
    storage = asked.get("storageProfile", {})
    boot_disk = _swapped(ask, machine, storage)
    data_disks = (
        _plan_data_disks(ask, machine, storage["dataDisks"], size)
        if storage.get("dataDisks") is not None
        else None
    )
    interfaces = _check_interfaces(ask, machine, asked)
    # From here on nothing is refused.
    if tags is not None:
        machine.body["tags"] = tags
    shown.update({name: asked[name] for name in _COPIED if name in asked})
    rebooted = size.name != shown["hardwareProfile"]["vmSize"] and machine.power == "running"
    shown["hardwareProfile"]["vmSize"] = size.name
    leaving = [] if data_disks is None else _settle_disks(ask, machine, data_disks)
    if boot_disk is not None:
        leaving.extend(_swap(ask, machine, boot_disk))
    elif "deleteOption" in (storage.get("osDisk") or {}):
        shown["storageProfile"]["osDisk"]["deleteOption"] = storage["osDisk"]["deleteOption"]
    if interfaces is not None:
        shown["networkProfile"]["networkInterfaces"] = interfaces
    begin_update(machine)

    def end() -> None:
        end_update(machine, leaving)
        if rebooted:
            boot(machine)

    operation = ask.begin(machine, end, output=lambda: machine.body)
    return ask.accepted(operation, machine.body, 200, location=False)


def _size_of(machine: Resource) -> Size:
    return SIZES[properties(machine)["hardwareProfile"]["vmSize"].lower()]


def _resized(ask: Ask, machine: Resource, asked: dict[str, Any]) -> Size:
    now = _size_of(machine)
    wanted = asked.get("hardwareProfile", {}).get("vmSize", now.name)
    zones = machine.body.get("zones", [])
    size = require_size(wanted, machine.location, zones)
    if size.architecture != now.architecture:
        message = f"Cannot resize the VM to '{size.name}': its CPU Architecture is another."
        raise refusal(400, "BadRequest", message)
    if size.family != now.family and machine.power not in {"deallocated", None}:
        near = [one.name for one in sizes_in(machine.location) if one.family == now.family]
        raise refusal(
            409,
            "OperationNotAllowed",
            f"Unable to resize the VM {machine.name} since the requested size {size.name} is not"
            " available in the current hardware cluster. The available sizes in this cluster are:"
            f" {','.join(near)}. Read more on VM resizing strategy at"
            " https://aka.ms/azure-resizevm.",
        )
    if size.cores > now.cores and machine.power != "deallocated":
        more = size.cores - now.cores
        take_cores(ask.state, machine.subscription, machine.location, more)
    return size


def _place(machine: Resource) -> Place:
    zones = machine.body.get("zones", [])
    return Place(machine.id, machine.name, machine.location, zones)


def _swapped(ask: Ask, machine: Resource, storage: dict[str, Any]) -> PlannedDisk | None:
    """Return the boot disk that is to come in the place of the present one, if any."""
    asked = storage.get("osDisk") or {}
    wanted = (asked.get("managedDisk") or {}).get("id")
    now = properties(machine)["storageProfile"]["osDisk"]
    if wanted is None or wanted.lower() == now["managedDisk"]["id"].lower():
        return None
    if machine.power not in {"deallocated", "stopped"}:
        message = f"The OS disk of VM '{machine.name}' can be changed only while it is deallocated."
        raise refusal(409, "OperationNotAllowed", message)
    merged = {**asked, "createOption": "Attach", "osType": now["osType"]}
    if "deleteOption" not in asked:
        merged["deleteOption"] = now["deleteOption"]
    planned = plan_boot_disk(ask, _place(machine), {"osDisk": merged}, _size_of(machine))
    if asked.get("name", planned.part["name"]) != planned.part["name"]:
        message = f"The name of the OS disk is not '{asked['name']}' but '{planned.part['name']}'."
        raise refusal(409, "ConflictingUserInput", message)
    disk = ask.state.resources.find(planned.disk_id)
    if disk is not None and properties(disk).get("osType") != now["osType"]:
        message = f"Disk {disk.name} has no operating system of type {now['osType']}."
        raise refusal(409, "ConflictingUserInput", message)
    return planned


def _swap(ask: Ask, machine: Resource, planned: PlannedDisk) -> list[Resource]:
    storage = properties(machine)["storageProfile"]
    before = ask.state.resources.find(storage["osDisk"]["managedDisk"]["id"])
    # How the machine itself was made stays: it is not made anew.
    storage["osDisk"] = {**planned.part, "createOption": storage["osDisk"]["createOption"]}
    settle(ask, machine, planned)
    return [] if before is None else [before]


def _plan_data_disks(
    ask: Ask, machine: Resource, asked: list[dict[str, Any]], size: Size
) -> list[PlannedDisk]:
    """Return the data disks that the machine is to have, those it has already among them."""
    now = {
        part["managedDisk"]["id"].lower(): part
        for part in properties(machine)["storageProfile"]["dataDisks"]
    }
    names = {part["name"].lower(): disk_id for disk_id, part in now.items()}
    taken = {part["lun"]: disk_id for disk_id, part in now.items()}
    planned, luns = [], set()
    for one in asked:
        if one.get("toBeDetached"):
            continue
        if not isinstance(one.get("lun"), int) or one["lun"] in luns:
            message = f"A disk at LUN {one.get('lun')} already exists."
            raise refusal(409, "ConflictingUserInput", message)
        luns.add(one["lun"])
        wanted = str((one.get("managedDisk") or {}).get("id", "")).lower()
        wanted = wanted or names.get(str(one.get("name", "")).lower(), "")
        if one["lun"] in taken and wanted != taken[one["lun"]]:
            message = "Changing property 'dataDisk.managedDisk.id' is not allowed."
            raise refusal(409, "PropertyChangeNotAllowed", message)
        if wanted in now:
            changed = {name: one[name] for name in ("caching", "deleteOption") if name in one}
            part = {**now[wanted], **changed, "lun": one["lun"]}
            planned.append(PlannedDisk(part, part["managedDisk"]["id"]))
        else:
            planned.append(plan_data_disk(ask, _place(machine), one))
    if len(planned) > size.data_disks:
        message = f"The maximum number of data disks allowed is {size.data_disks}."
        raise refusal(409, "OperationNotAllowed", message)
    return planned


def _settle_disks(ask: Ask, machine: Resource, planned: list[PlannedDisk]) -> list[Resource]:
    """Give the machine these data disks and return those that leave it."""
    storage = properties(machine)["storageProfile"]
    kept = {one.disk_id.lower() for one in planned}
    leaving = [
        disk
        for part in storage["dataDisks"]
        if part["managedDisk"]["id"].lower() not in kept
        and (disk := ask.state.resources.find(part["managedDisk"]["id"])) is not None
    ]
    storage["dataDisks"] = [one.part for one in planned]
    for one in planned:
        settle(ask, machine, one)
    return leaving


def _check_interfaces(
    ask: Ask, machine: Resource, asked: dict[str, Any]
) -> list[dict[str, Any]] | None:
    """Return the machine's interfaces as they are to be referred to; others are refused."""
    if "networkProfile" not in asked:
        return None
    found = virtual_machine_interfaces.check(ask, machine.id, machine.location, asked)
    now = properties(machine)["networkProfile"]["networkInterfaces"]
    if {one.id.lower() for one in found} != {one["id"].lower() for one in now}:
        message = f"The interfaces of VM '{machine.name}' cannot be changed here."
        raise refusal(409, "OperationNotAllowed", message)
    references: list[dict[str, Any]] = asked["networkProfile"]["networkInterfaces"]
    return references

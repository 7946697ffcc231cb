"""Updates of a virtual machine: its size, its disks and its tags.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/sizes/resize-vm and
https://learn.microsoft.com/en-us/azure/virtual-machines/linux/os-disk-swap
"""

from __future__ import annotations

from typing import Any, Final

from azure.mgmt.compute import models as compute
from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute import virtual_machine_interfaces
from skyclust_sandbox.azure.compute.boot_diagnostics import record_boot
from skyclust_sandbox.azure.compute.quotas import reserve_cores
from skyclust_sandbox.azure.compute.virtual_machine_disk_updates import (
    apply_data_disks,
    plan_data_disk_update,
    plan_os_disk_swap,
    swap_os_disk,
)
from skyclust_sandbox.azure.compute.virtual_machine_provisioning import (
    begin_update,
    check_if_match,
    check_not_busy,
    end_update,
)
from skyclust_sandbox.azure.compute.virtual_machine_sizes import (
    SIZES,
    VmSize,
    require_size,
    sizes_in,
)
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error
from skyclust_sandbox.azure.schema import check_document
from skyclust_sandbox.azure.state import Resource
from skyclust_sandbox.azure.tags import check_tags

RESOURCE_TYPE: Final = "Microsoft.Compute/virtualMachines"

_UPDATABLE: Final = ("diagnosticsProfile", "licenseType", "userData", "billingProfile", "priority")


def replace(context: RequestContext, vm: Resource, body: dict[str, Any]) -> Response:
    """Update a VM by a PUT, which replaces all its tags."""
    check_if_match(context, vm)
    return _update(context, vm, body.get("properties", {}), body.get("tags", {}))


def update(context: RequestContext) -> Response:
    """VirtualMachines_Update."""
    vm = context.require_resource(RESOURCE_TYPE)
    check_if_match(context, vm)
    body = context.body()
    check_document(compute.VirtualMachineUpdate, body)
    return _update(context, vm, body.get("properties", {}), body.get("tags"))


def attach_detach_data_disks(context: RequestContext) -> Response:
    """VirtualMachines_AttachDetachDataDisks."""
    vm = context.require_resource(RESOURCE_TYPE)
    check_not_busy(vm)
    body = context.body()
    check_document(compute.AttachDetachDataDisksRequest, body)
    current = list(vm.properties["storageProfile"]["dataDisks"])
    to_detach = {str(disk["diskId"]).lower() for disk in body.get("dataDisksToDetach") or []}
    missing = to_detach - {disk["managedDisk"]["id"].lower() for disk in current}
    if missing:
        message = f"The disks {', '.join(sorted(missing))} are not attached to VM {vm.name}."
        raise arm_error(400, "InvalidParameter", message)
    data_disks = [disk for disk in current if disk["managedDisk"]["id"].lower() not in to_detach]
    free_luns = (lun for lun in range(64) if lun not in {disk["lun"] for disk in data_disks})
    for disk in body.get("dataDisksToAttach") or []:
        data_disks.append(
            {
                "lun": disk["lun"] if "lun" in disk else next(free_luns),
                "createOption": "Attach",
                "managedDisk": {"id": disk["diskId"]},
                **{name: disk[name] for name in ("caching", "deleteOption") if name in disk},
            }
        )
    planned = plan_data_disk_update(context, vm, data_disks, _current_size(vm))
    detached = apply_data_disks(context, vm, planned)
    begin_update(vm)
    operation = context.begin_operation(
        vm,
        lambda: end_update(vm, detached),
        output=lambda: vm.properties["storageProfile"],
    )
    return context.accepted_response(operation, None, 202, location_header=True)


def _update(
    context: RequestContext, vm: Resource, requested: dict[str, Any], tags: dict[str, str] | None
) -> Response:
    """Check all requested changes of a VM, then apply them and start the operation."""
    check_not_busy(vm)
    if tags is not None:
        check_tags(tags)
    properties = vm.properties
    size = _requested_size(context, vm, requested)
    storage_profile = requested.get("storageProfile", {})
    os_disk = plan_os_disk_swap(context, vm, storage_profile, size=_current_size(vm))
    data_disks = (
        plan_data_disk_update(context, vm, storage_profile["dataDisks"], size)
        if storage_profile.get("dataDisks") is not None
        else None
    )
    interfaces = _requested_interfaces(context, vm, requested)
    # All checks have passed: from here on the VM changes.
    if tags is not None:
        vm.body["tags"] = tags
    properties.update({name: requested[name] for name in _UPDATABLE if name in requested})
    reboots = size.name != properties["hardwareProfile"]["vmSize"] and vm.power == "running"
    properties["hardwareProfile"]["vmSize"] = size.name
    detached = [] if data_disks is None else apply_data_disks(context, vm, data_disks)
    if os_disk is not None:
        detached.extend(swap_os_disk(context, vm, os_disk))
    elif "deleteOption" in (storage_profile.get("osDisk") or {}):
        delete_option = storage_profile["osDisk"]["deleteOption"]
        properties["storageProfile"]["osDisk"]["deleteOption"] = delete_option
    if interfaces is not None:
        properties["networkProfile"]["networkInterfaces"] = interfaces
    begin_update(vm)

    def on_complete() -> None:
        end_update(vm, detached)
        if reboots:
            record_boot(vm)

    operation = context.begin_operation(vm, on_complete, output=lambda: vm.body)
    return context.accepted_response(operation, vm.body, 200, location_header=False)


def _current_size(vm: Resource) -> VmSize:
    return SIZES[vm.properties["hardwareProfile"]["vmSize"].lower()]


def _requested_size(context: RequestContext, vm: Resource, requested: dict[str, Any]) -> VmSize:
    """Return the size of an update, with its additional cores reserved.

    Refuses another CPU architecture, and another family unless the VM is deallocated.
    """
    current = _current_size(vm)
    name = requested.get("hardwareProfile", {}).get("vmSize", current.name)
    size = require_size(name, vm.location, vm.body.get("zones", []))
    if size.architecture != current.architecture:
        message = f"Cannot resize the VM to '{size.name}': its CPU Architecture is another."
        raise arm_error(400, "BadRequest", message)
    if size.family != current.family and vm.power not in {"deallocated", None}:
        available = [
            candidate.name
            for candidate in sizes_in(vm.location)
            if candidate.family == current.family
        ]
        raise arm_error(
            409,
            "OperationNotAllowed",
            f"Unable to resize the VM {vm.name} since the requested size {size.name} is not"
            " available in the current hardware cluster. The available sizes in this cluster are:"
            f" {','.join(available)}. Read more on VM resizing strategy at"
            " https://aka.ms/azure-resizevm.",
        )
    if size.cores > current.cores and vm.power != "deallocated":
        additional = size.cores - current.cores
        reserve_cores(context.state, vm.subscription, vm.location, additional)
    return size


def _requested_interfaces(
    context: RequestContext, vm: Resource, requested: dict[str, Any]
) -> list[dict[str, Any]] | None:
    """Return the requested references to the VM's interfaces; refuses other interfaces."""
    if "networkProfile" not in requested:
        return None
    interfaces = virtual_machine_interfaces.require_interfaces(
        context, vm.id, vm.location, requested
    )
    current = vm.properties["networkProfile"]["networkInterfaces"]
    requested_ids = {interface.id.lower() for interface in interfaces}
    if requested_ids != {reference["id"].lower() for reference in current}:
        message = f"The interfaces of VM '{vm.name}' cannot be changed here."
        raise arm_error(409, "OperationNotAllowed", message)
    references: list[dict[str, Any]] = requested["networkProfile"]["networkInterfaces"]
    return references

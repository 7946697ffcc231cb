"""Virtual machines: create, get and list.

Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines
"""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute import virtual_machine_interfaces, virtual_machine_updates
from skyclust_sandbox.azure.compute.boot_diagnostics import record_boot
from skyclust_sandbox.azure.compute.instance_view import (
    instance_view,
    status_only,
    with_instance_view,
)
from skyclust_sandbox.azure.compute.os_profile import os_profile
from skyclust_sandbox.azure.compute.quotas import reserve_cores
from skyclust_sandbox.azure.compute.virtual_machine_disks import (
    VmPlacement,
    create_and_attach,
    plan_data_disks,
    plan_os_disk,
)
from skyclust_sandbox.azure.compute.virtual_machine_sizes import require_size
from skyclust_sandbox.azure.fault_responses import allocation_message
from skyclust_sandbox.azure.locations import require_location
from skyclust_sandbox.azure.paging import page
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error, json_response, timestamp
from skyclust_sandbox.azure.state import Resource
from skyclust_sandbox.azure.tags import check_tags
from skyclust_sandbox.azure.tracked_resources import create_resource, read_put_request

RESOURCE_TYPE: Final = "Microsoft.Compute/virtualMachines"


def create_or_update(context: RequestContext) -> Response:
    """VirtualMachines_CreateOrUpdate."""
    vm_id = context.resource_id(RESOURCE_TYPE)
    existing = context.state.resources.find(vm_id)
    if existing is not None and context.request.headers.get("If-None-Match") == "*":
        raise arm_error(
            412,
            "PreconditionFailed",
            f"The condition 'If-None-Match: *' is not satisfied: VM {existing.id} exists already.",
        )
    if existing is None and "If-Match" in context.request.headers:
        message = f"The condition 'If-Match' is not satisfied: there is no VM {vm_id}."
        raise arm_error(412, "PreconditionFailed", message)
    existing, body = read_put_request(context, RESOURCE_TYPE)
    if existing is not None:
        return virtual_machine_updates.replace(context, existing, body)
    return _create(context, body)


def get(context: RequestContext) -> Response:
    """VirtualMachines_Get."""
    vm = context.require_resource(RESOURCE_TYPE)
    expanded = context.request.args.get("$expand", "").lower() == "instanceview"
    content = with_instance_view(vm) if expanded else vm.body
    return json_response(content, headers={"ETag": str(vm.body["etag"])})


def get_instance_view(context: RequestContext) -> Response:
    """VirtualMachines_InstanceView."""
    return json_response(instance_view(context.require_resource(RESOURCE_TYPE)))


def list_by_resource_group(context: RequestContext) -> Response:
    """VirtualMachines_List."""
    context.require_resource_group()
    _check_expand(context)
    resources, group = context.state.resources, context.path_parameters["group"]
    return page(context, resources.of_type(context.subscription, RESOURCE_TYPE, group))


def list_all(context: RequestContext) -> Response:
    """VirtualMachines_ListAll."""
    _check_expand(context)
    vms = context.state.resources.of_type(context.subscription, RESOURCE_TYPE)
    if context.request.args.get("statusOnly", "").lower() == "true":
        return page(context, vms, status_only)
    return page(context, vms)


def list_by_location(context: RequestContext) -> Response:
    """VirtualMachines_ListByLocation."""
    location = require_location(context)
    vms = context.state.resources.of_type(context.subscription, RESOURCE_TYPE)
    return page(context, [vm for vm in vms if vm.location == location])


def _check_expand(context: RequestContext) -> None:
    """Refuse `$expand` without `$filter`: Azure expands only the VMs of one scale set."""
    if "$expand" in context.request.args and "$filter" not in context.request.args:
        message = "The $expand query option can only be specified with a valid $filter option."
        raise arm_error(400, "InvalidParameter", message)


def _create(context: RequestContext, body: dict[str, Any]) -> Response:
    """Check the whole request, then create the VM with its disks and start the operation."""
    requested = body.setdefault("properties", {})
    check_tags(body.get("tags", {}))
    name, location, zones = context.path_parameters["name"], body["location"], body.get("zones", [])
    size = require_size(requested.get("hardwareProfile", {}).get("vmSize"), location, zones)
    storage_profile = requested.setdefault("storageProfile", {})
    placement = VmPlacement(context.resource_id(RESOURCE_TYPE), name, location, zones)
    os_disk = plan_os_disk(context, placement, storage_profile, size)
    data_disks = plan_data_disks(context, placement, storage_profile.get("dataDisks", []), size)
    interfaces = virtual_machine_interfaces.require_interfaces(
        context, placement.vm_resource_id, location, requested
    )
    reserve_cores(context.state, context.subscription, location, size.cores)
    properties = {
        **requested,
        "hardwareProfile": {"vmSize": size.name},
        "vmId": context.state.identifiers.new(),
        "timeCreated": timestamp(),
        "provisioningState": "Creating",
        "storageProfile": {
            **storage_profile,
            "osDisk": os_disk.profile,
            "dataDisks": [disk.profile for disk in data_disks],
            "diskControllerType": "SCSI",
        },
    }
    if os_disk.profile["createOption"] == "FromImage":
        properties["osProfile"] = os_profile(name, requested.get("osProfile"))
    elif "osProfile" in requested:
        message = "Parameter 'osProfile' is not allowed."
        raise arm_error(400, "InvalidParameter", message)
    vm_body = {**body, "etag": '"1"', "properties": properties}
    vm = create_resource(context, RESOURCE_TYPE, vm_body)
    vm.power = "starting"
    for planned in (os_disk, *data_disks):
        create_and_attach(context, vm, planned)
    virtual_machine_interfaces.attach_interfaces(context, vm, interfaces)
    operation = context.begin_operation(
        vm, lambda: _complete_creation(context, vm), output=lambda: vm.body
    )
    return context.accepted_response(operation, vm.body, 201, location_header=False)


def _complete_creation(context: RequestContext, vm: Resource) -> None:
    """Start the VM, or fail its creation with the allocation failure of the request."""
    if context.allocation_failure is None:
        vm.properties["provisioningState"] = "Succeeded"
        vm.power = "running"
        record_boot(vm)
        return
    message = allocation_message(context.allocation_failure)
    vm.properties["provisioningState"] = "Failed"
    vm.power = None
    vm.failure = (context.allocation_failure, message)
    if vm.operation is not None:
        vm.operation.fail(context.allocation_failure, message)

"""Deletion of a virtual machine, with the resources whose delete option is Delete.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/delete
"""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute import disks, virtual_machine_interfaces
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import json_response
from skyclust_sandbox.azure.state import Resource, State

RESOURCE_TYPE: Final = "Microsoft.Compute/virtualMachines"


def delete(context: RequestContext) -> Response:
    """VirtualMachines_Delete: preempts any operation that is in progress."""
    context.require_resource_group()
    state = context.state
    vm = state.resources.find(context.resource_id(RESOURCE_TYPE))
    if vm is None:
        return json_response(None, 204)
    if vm.properties["provisioningState"] == "Deleting" and vm.operation is not None:
        return context.accepted_response(vm.operation, None, 202, location_header=True)
    vm.properties["provisioningState"] = "Deleting"
    operation = context.begin_operation(vm, lambda: _remove_vm(state, vm))
    return context.accepted_response(operation, None, 202, location_header=True)


def _remove_vm(state: State, vm: Resource) -> None:
    """Remove a VM and its resources with the delete option Delete; detach all others."""
    storage_profile = vm.properties["storageProfile"]
    for profile in (storage_profile["osDisk"], *storage_profile["dataDisks"]):
        disk = state.resources.find(profile["managedDisk"]["id"])
        if disk is None:
            continue
        disks.detach(disk)
        if profile["deleteOption"] == "Delete":
            state.resources.remove(disk)
    virtual_machine_interfaces.detach_interfaces(state, vm)
    state.resources.remove(vm)

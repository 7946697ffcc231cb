"""Start, power off, deallocate and restart of a virtual machine.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/states-billing
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute import disks
from skyclust_sandbox.azure.compute.boot_diagnostics import record_boot
from skyclust_sandbox.azure.compute.quotas import reserve_cores
from skyclust_sandbox.azure.compute.virtual_machine_provisioning import (
    begin_update,
    check_not_busy,
    end_update,
)
from skyclust_sandbox.azure.compute.virtual_machine_sizes import SIZES
from skyclust_sandbox.azure.fault_responses import allocation_message
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error
from skyclust_sandbox.azure.state import Resource

RESOURCE_TYPE: Final = "Microsoft.Compute/virtualMachines"


def start(context: RequestContext) -> Response:
    """VirtualMachines_Start: allocates the VM first if it is deallocated."""
    vm = context.require_resource(RESOURCE_TYPE)
    check_not_busy(vm)
    if vm.power == "running":
        return _unchanged_response(context, vm)
    previous = vm.power
    if previous == "deallocated":
        size = SIZES[vm.properties["hardwareProfile"]["vmSize"].lower()]
        reserve_cores(context.state, vm.subscription, vm.location, size.cores)

    def on_complete() -> None:
        if context.allocation_failure is not None and previous != "stopped":
            _fail_allocation(vm, context.allocation_failure, previous)
            return
        vm.power, vm.hibernated = "running", False
        record_boot(vm)
        disks.update_disk_states(context.state, vm)
        end_update(vm)

    return _begin_power_change(context, vm, "starting", on_complete)


def power_off(context: RequestContext) -> Response:
    """VirtualMachines_PowerOff: the VM stays allocated, and is still billed."""
    vm = context.require_resource(RESOURCE_TYPE)
    check_not_busy(vm)
    if vm.power == "stopped":
        return _unchanged_response(context, vm)
    _check_running(vm, "powerOff")

    def on_complete() -> None:
        vm.power = "stopped"
        end_update(vm)

    return _begin_power_change(context, vm, "stopping", on_complete)


def deallocate(context: RequestContext) -> Response:
    """VirtualMachines_Deallocate, with hibernation if the request has `hibernate=true`."""
    vm = context.require_resource(RESOURCE_TYPE)
    check_not_busy(vm)
    if vm.power == "deallocated" and not vm.hibernated:
        return _unchanged_response(context, vm)
    hibernate = context.request.args.get("hibernate", "").lower() == "true"
    if hibernate and not _can_hibernate(vm):
        message = f"Hibernation is not enabled for VM '{vm.name}'."
        raise arm_error(409, "OperationNotAllowed", message)

    def on_complete() -> None:
        vm.power, vm.hibernated = "deallocated", hibernate
        disks.update_disk_states(context.state, vm)
        end_update(vm)

    return _begin_power_change(context, vm, "deallocating", on_complete)


def restart(context: RequestContext) -> Response:
    """VirtualMachines_Restart."""
    vm = context.require_resource(RESOURCE_TYPE)
    check_not_busy(vm)
    _check_running(vm, "restart")

    def on_complete() -> None:
        record_boot(vm)
        end_update(vm)

    return _begin_power_change(context, vm, "running", on_complete)


def _can_hibernate(vm: Resource) -> bool:
    capabilities = vm.properties.get("additionalCapabilities") or {}
    return vm.power == "running" and bool(capabilities.get("hibernationEnabled"))


def _begin_power_change(
    context: RequestContext, vm: Resource, power: str, on_complete: Callable[[], None]
) -> Response:
    begin_update(vm)
    vm.power = power
    operation = context.begin_operation(vm, on_complete)
    return context.accepted_response(operation, None, 202, location_header=True)


def _unchanged_response(context: RequestContext, vm: Resource) -> Response:
    """Return the response for a VM that already is in the requested power state."""
    operation = context.begin_operation(vm, lambda: None, duration_factor=0.0)
    return context.accepted_response(operation, None, 202, location_header=True)


def _fail_allocation(vm: Resource, code: str, power: str | None) -> None:
    message = allocation_message(code)
    vm.power, vm.failure = power, (code, message)
    vm.properties["provisioningState"] = "Failed"
    if vm.operation is not None:
        vm.operation.fail(code, message)


def _check_running(vm: Resource, operation: str) -> None:
    if vm.power != "running":
        raise arm_error(
            409,
            "OperationNotAllowed",
            f"Operation '{operation}' is not allowed on VM '{vm.name}' since the VM is"
            f" {vm.power or 'not allocated'}.",
        )

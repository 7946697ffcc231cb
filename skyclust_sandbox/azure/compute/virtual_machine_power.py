"""Power: start, stop with and without giving the place back, restart; and the end.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/states-billing
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute import disks, virtual_machine_interfaces
from skyclust_sandbox.azure.compute.boot_diagnostics import boot
from skyclust_sandbox.azure.compute.quotas import take_cores
from skyclust_sandbox.azure.compute.virtual_machine_sizes import SIZES
from skyclust_sandbox.azure.compute.virtual_machine_updates import (
    begin_update,
    end_update,
    refuse_busy,
)
from skyclust_sandbox.azure.fault_responses import allocation_message
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal, reply
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import properties

KIND: Final = "Microsoft.Compute/virtualMachines"


def start(ask: Ask) -> Response:
    """VirtualMachines_Start."""
    machine = ask.find(KIND)
    refuse_busy(machine)
    if machine.power == "running":
        return _nothing_to_do(ask, machine)
    before = machine.power
    if before == "deallocated":
        size = SIZES[properties(machine)["hardwareProfile"]["vmSize"].lower()]
        take_cores(ask.state, machine.subscription, machine.location, size.cores)

    def end() -> None:
        if ask.allocation_failure is not None and before != "stopped":
            _fail(machine, ask.allocation_failure, before)
            return
        machine.power, machine.hibernated = "running", False
        boot(machine)
        disks.follow_power(ask.state, machine)
        end_update(machine)

    return _pass(ask, machine, "starting", end)


def power_off(ask: Ask) -> Response:
    """VirtualMachines_PowerOff: the machine keeps its place, and its price."""
    machine = ask.find(KIND)
    refuse_busy(machine)
    if machine.power == "stopped":
        return _nothing_to_do(ask, machine)
    _refuse_unless_running(machine, "powerOff")

    def end() -> None:
        machine.power = "stopped"
        end_update(machine)

    return _pass(ask, machine, "stopping", end)


def deallocate(ask: Ask) -> Response:
    """VirtualMachines_Deallocate."""
    machine = ask.find(KIND)
    refuse_busy(machine)
    if machine.power == "deallocated" and not machine.hibernated:
        return _nothing_to_do(ask, machine)

    hibernates = ask.request.args.get("hibernate", "").lower() == "true"
    if hibernates and not _may_hibernate(machine):
        message = f"Hibernation is not enabled for VM '{machine.name}'."
        raise refusal(409, "OperationNotAllowed", message)

    def end() -> None:
        machine.power, machine.hibernated = "deallocated", hibernates
        disks.follow_power(ask.state, machine)
        end_update(machine)

    return _pass(ask, machine, "deallocating", end)


def restart(ask: Ask) -> Response:
    """VirtualMachines_Restart."""
    machine = ask.find(KIND)
    refuse_busy(machine)
    _refuse_unless_running(machine, "restart")

    def end() -> None:
        boot(machine)
        end_update(machine)

    return _pass(ask, machine, "running", end)


def delete(ask: Ask) -> Response:
    """VirtualMachines_Delete: goes before whatever else is under way."""
    ask.require_group()
    machine = ask.state.resources.find(ask.id_of(KIND))
    if machine is None:
        return reply(None, 204)
    if properties(machine)["provisioningState"] == "Deleting" and machine.operation is not None:
        return ask.accepted(machine.operation, None, 202, location=True)
    properties(machine)["provisioningState"] = "Deleting"
    operation = ask.begin(machine, lambda: end_machine(ask.state, machine))
    return ask.accepted(operation, None, 202, location=True)


def end_machine(state: State, machine: Resource) -> None:
    """Remove a machine with those disks, interfaces and addresses that are to end with it."""
    storage = properties(machine)["storageProfile"]
    for part in (storage["osDisk"], *storage["dataDisks"]):
        disk = state.resources.find(part["managedDisk"]["id"])
        if disk is None:
            continue
        disks.detach(disk)
        if part["deleteOption"] == "Delete":
            state.resources.remove(disk)
    virtual_machine_interfaces.let_go(state, machine)
    state.resources.remove(machine)


def _may_hibernate(machine: Resource) -> bool:
    capabilities = properties(machine).get("additionalCapabilities") or {}
    return machine.power == "running" and bool(capabilities.get("hibernationEnabled"))


def _pass(ask: Ask, machine: Resource, power: str, end: Callable[[], None]) -> Response:
    begin_update(machine)
    machine.power = power
    return ask.accepted(ask.begin(machine, end), None, 202, location=True)


def _nothing_to_do(ask: Ask, machine: Resource) -> Response:
    operation = ask.begin(machine, lambda: None, share=0.0)
    return ask.accepted(operation, None, 202, location=True)


def _fail(machine: Resource, code: str, power: str | None) -> None:
    message = allocation_message(code)
    machine.power, machine.failure = power, (code, message)
    properties(machine)["provisioningState"] = "Failed"
    if machine.operation is not None:
        machine.operation.fail(code, message)


def _refuse_unless_running(machine: Resource, operation: str) -> None:
    if machine.power != "running":
        raise refusal(
            409,
            "OperationNotAllowed",
            f"Operation '{operation}' is not allowed on VM '{machine.name}' since the VM is"
            f" {machine.power or 'not allocated'}.",
        )

"""Starting, stopping, rebooting, resizing and deleting a machine.

Each change is asked for and not waited for: what becomes of it is read from the machine. Azure
takes a machine's name alone, so the machine is read before each change, and its vmId compared.
A resize is bound to what was read (`If-Match`); for the others Azure has no condition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.azure import api_versions, leftovers, write_requests
from providers.azure.errors import azure_errors
from providers.azure.fields import text
from providers.azure.instances import (
    look_for_same,
    machine_id,
    read_same,
    size_of,
    state_of,
)
from providers.azure.polling import Pauses
from providers.azure.replaced_disks import delete_leftovers
from providers.azure.states import MachineState
from skyclust.errors import Conflict, InvalidRequest, NotFound, SkyClustError
from skyclust.model.instance import Instance, InstanceReference, InstanceState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

_PASSING: Final = frozenset({InstanceState.PENDING, InstanceState.STOPPING, InstanceState.UPDATING})
_OFF: Final = frozenset({"stopping", "stopped", "deallocating", "deallocated"})
_UNSETTLED: Final = frozenset({InstanceState.ERROR, InstanceState.SUSPENDED})
"""States in which a machine may be deallocated, and is not as a stop leaves it."""


def start_instance(clients: AzureClients, instance: InstanceReference) -> None:
    """Ask for a start; a machine that runs or starts is left as it is."""
    machine, state = _changeable(clients, instance, "start")
    if state.state is InstanceState.RUNNING or state.power == "starting":
        return
    with azure_errors(_doing("start", instance)):
        write_requests.start(clients, machine)


def stop_instance(
    clients: AzureClients, instance: InstanceReference, *, power_off_only: bool
) -> None:
    """Ask for a stop; it gives the machine's place back unless it only powers off.

    A machine that is deallocated, and none of whose changes failed, is left as it is. One that
    is hibernated is stopped by this, and what its memory held is lost.
    """
    machine, state = _changeable(clients, instance, "stop")
    off = _OFF if power_off_only else _OFF - {"stopping", "stopped"}
    if state.power in off and state.state not in _UNSETTLED:
        return
    with azure_errors(_doing("stop", instance)):
        if power_off_only:
            write_requests.power_off(clients, machine)
        else:
            write_requests.deallocate(clients, machine)


def reboot_instance(clients: AzureClients, instance: InstanceReference) -> None:
    """Ask for a reboot of a running machine."""
    machine, state = _changeable(clients, instance, "reboot")
    if state.state is not InstanceState.RUNNING:
        raise refusal(instance, state, "reboot", "It has to run for this.")
    with azure_errors(_doing("reboot", instance)):
        write_requests.restart(clients, machine)


def must_stop_to_resize(clients: AzureClients, instance: Instance, instance_type: str) -> bool:
    """Return whether the machine has to be deallocated first.

    It need not where the hardware that it runs on has the size: then Azure reboots it.
    Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/list-available-sizes
    """
    if _same(instance.type or "", instance_type):
        return False
    if instance.attributes.get("billed") is False:
        return instance.state is InstanceState.SUSPENDED
    parts = machine_id(clients, instance.region, instance.id)
    with azure_errors(f"list the sizes that instance {instance.id} can have as it runs"):
        sizes = clients.every(f"{parts}/vmSizes", api_versions.COMPUTE)
    return not any(_same(text(size, "name") or "", instance_type) for size in sizes)


def resize_instance(clients: AzureClients, instance: InstanceReference, instance_type: str) -> None:
    """Give a machine another size; one that has it already is left as it is.

    A machine that is off has the size when this returns, and can be started: also one that
    failed to start because there is no room for the size that it has.
    """
    machine, state = _changeable(clients, instance, "resize")
    if _same(size_of(machine) or "", instance_type):
        return
    if state.state is InstanceState.SUSPENDED:
        raise refusal(instance, state, "resize", "Stop it first: its memory is for its size.")
    with azure_errors(_doing("resize", instance)):
        write_requests.change_machine(
            clients, machine, {"hardwareProfile": {"vmSize": instance_type}}
        )
    if state.power not in {"stopped", "deallocated"}:
        return
    pauses = Pauses(f"Instance {instance.id} in {instance.region} is still being resized")
    while state_of(read_same(clients, instance)).state is InstanceState.UPDATING:
        pauses.take()


def delete_instance(clients: AzureClients, instance: InstanceReference) -> None:
    """Ask for the end of a machine and of what was made for it; a gone one is no error.

    Azure deletes interface, address and disks with the machine. They are marked as this very
    machine's before, so that `remove_leftovers` knows what Azure could not delete. What a
    restore that broke off left is deleted before. Raises NotFound when another machine has
    the name by now.
    """
    machine = look_for_same(clients, instance)
    if machine is None:
        return
    if state_of(machine).state is InstanceState.DELETING:
        return
    leftovers.mark_belongings(clients, machine)
    delete_leftovers(clients, machine)
    try:
        with azure_errors(_doing("delete", instance)):
            write_requests.delete_machine(clients, machine)
    except NotFound:
        return


def refusal(
    instance: InstanceReference, state: MachineState, change: str, hint: str
) -> SkyClustError:
    """Return the error for a change that the machine's state does not allow."""
    said = f"Could not {_doing(change, instance)}: it is {state.native}"
    if state.state in _PASSING:
        return Conflict(f"{said} just now.", provider="azure")
    return InvalidRequest(f"{said}.", hint=hint, provider="azure")


def _changeable(
    clients: AzureClients, instance: InstanceReference, change: str
) -> tuple[Document, MachineState]:
    """Return a machine and its state; raises InvalidRequest when it is being deleted."""
    machine = read_same(clients, instance)
    state = state_of(machine)
    if state.state is InstanceState.DELETING:
        raise refusal(instance, state, change, "It is being deleted.")
    return machine, state


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _doing(change: str, instance: InstanceReference) -> str:
    return f"{change} instance {instance.id} in {instance.region}"

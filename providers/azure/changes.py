"""Starting, stopping, rebooting, resizing and deleting a machine.

Each change is asked for and not waited for: what becomes of it is read from the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from providers.azure import belongings, versions
from providers.azure.errors import azure_errors
from providers.azure.instances import machine_id, read_machine, state_of
from providers.azure.leftovers import delete_leftovers
from providers.azure.patience import Pauses
from providers.azure.states import MachineState
from skyclust.errors import Conflict, InvalidRequest, NotFound, SkyClustError
from skyclust.model.instance import Instance, InstanceState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

_PASSING: Final = frozenset({InstanceState.PENDING, InstanceState.STOPPING, InstanceState.UPDATING})
_OFF: Final = frozenset({"stopping", "stopped", "deallocating", "deallocated"})


def start_instance(clients: AzureClients, region: str, instance_id: str) -> None:
    """Ask for a start; a machine that runs or starts is left as it is."""
    machine, state = _changeable(clients, region, instance_id, "start")
    if state.state is InstanceState.RUNNING or state.power == "starting":
        return
    with azure_errors(_doing("start", region, instance_id)):
        clients.compute.virtual_machines.begin_start(*_place(machine), polling=False)


def stop_instance(
    clients: AzureClients, region: str, instance_id: str, *, power_off_only: bool
) -> None:
    """Ask for a stop; it gives the machine's place back unless it only powers off.

    A machine that is deallocated, and none of whose changes failed, is left as it is.
    """
    machine, state = _changeable(clients, region, instance_id, "stop")
    off = _OFF if power_off_only else _OFF - {"stopping", "stopped"}
    if state.power in off and state.state is not InstanceState.ERROR:
        return
    machines = clients.compute.virtual_machines
    with azure_errors(_doing("stop", region, instance_id)):
        if power_off_only:
            machines.begin_power_off(*_place(machine), polling=False)
        else:
            machines.begin_deallocate(*_place(machine), polling=False)


def reboot_instance(clients: AzureClients, region: str, instance_id: str) -> None:
    """Ask for a reboot of a running machine."""
    machine, state = _changeable(clients, region, instance_id, "reboot")
    if state.state is not InstanceState.RUNNING:
        raise refusal(region, instance_id, state, "reboot", "It has to run for this.")
    with azure_errors(_doing("reboot", region, instance_id)):
        clients.compute.virtual_machines.begin_restart(*_place(machine), polling=False)


def must_stop_to_resize(clients: AzureClients, instance: Instance, instance_type: str) -> bool:
    """Return whether the machine has to be deallocated first.

    It need not where the hardware that it runs on has the size: then Azure reboots it.
    Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/list-available-sizes
    """
    if _same(instance.type, instance_type) or instance.attributes.get("billed") is False:
        return False
    parts = machine_id(clients, instance.region, instance.id)
    with azure_errors(f"list the sizes that instance {instance.id} can have as it runs"):
        path = f"{parts}/vmSizes"
        sizes = [str(size["name"]) for size in clients.every(path, versions.COMPUTE)]
    return not any(_same(size, instance_type) for size in sizes)


def resize_instance(
    clients: AzureClients, region: str, instance_id: str, instance_type: str
) -> None:
    """Give a machine another size; one that has it already is left as it is.

    A machine that is off has the size when this returns, and can be started.
    """
    machine, state = _changeable(clients, region, instance_id, "resize")
    if _same(machine["properties"]["hardwareProfile"]["vmSize"], instance_type):
        return
    body: Any = {"properties": {"hardwareProfile": {"vmSize": instance_type}}}
    with azure_errors(_doing("resize", region, instance_id)):
        clients.compute.virtual_machines.begin_update(*_place(machine), body, polling=False)
    if state.state is not InstanceState.STOPPED:
        return
    pauses = Pauses(f"Instance {instance_id} in {region} is still being resized")
    while state_of(read_machine(clients, region, instance_id)).state is InstanceState.UPDATING:
        pauses.take()


def delete_instance(clients: AzureClients, region: str, instance_id: str) -> None:
    """Ask for the end of a machine and of what was made for it; a gone one is no error.

    Azure deletes interface, address and disks with the machine. What a restore that broke off
    left is deleted before, and of a machine that is gone, what Azure has left.
    """
    parts = machine_id(clients, region, instance_id)
    try:
        machine = read_machine(clients, region, instance_id)
    except NotFound as error:
        if not error.code:  # it is there, in another region
            raise
        belongings.remove_left(clients, parts.group, parts.name)
        return
    if state_of(machine).state is InstanceState.DELETING:
        return
    delete_leftovers(clients, machine)
    try:
        with azure_errors(_doing("delete", region, instance_id)):
            clients.compute.virtual_machines.begin_delete(*_place(machine), polling=False)
    except NotFound:
        return


def refusal(
    region: str, instance_id: str, state: MachineState, change: str, hint: str
) -> SkyClustError:
    """Return the error for a change that the machine's state does not allow."""
    said = f"Could not {_doing(change, region, instance_id)}: it is {state.native}"
    if state.state in _PASSING:
        return Conflict(f"{said} just now.", provider="azure")
    return InvalidRequest(f"{said}.", hint=hint, provider="azure")


def _changeable(
    clients: AzureClients, region: str, instance_id: str, change: str
) -> tuple[Document, MachineState]:
    """Return a machine and its state; raises InvalidRequest when it is being deleted."""
    machine = read_machine(clients, region, instance_id)
    state = state_of(machine)
    if state.state is InstanceState.DELETING:
        raise refusal(region, instance_id, state, change, "It is being deleted.")
    return machine, state


def _place(machine: Document) -> tuple[str, str]:
    """Return group and name of a machine, as the SDK wants them."""
    return machine["id"].split("/")[4], machine["name"]


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _doing(change: str, region: str, instance_id: str) -> str:
    return f"{change} instance {instance_id} in {region}"

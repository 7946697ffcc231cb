"""Starting, stopping, rebooting, resizing and deleting an instance.

The state is looked at first: what Compute Engine answers to a change that the state does not
allow differs from change to change. Whether to try again depends on the state: Conflict while
the instance is on its way to another state, InvalidRequest when it would have to be started or
stopped first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from providers.gcp.instances import STATES, fetch_instance
from providers.gcp.leftovers import delete_leftovers
from providers.gcp.links import ending, read_instance_id
from providers.gcp.operations import (
    SHORT_SECONDS,
    asked,
    awaited,
    finished,
    fresh_request_id,
)
from skyclust.errors import Conflict, InvalidRequest, NotFound, SkyClustError
from skyclust.model.instance import Instance, InstanceState

if TYPE_CHECKING:
    from providers.gcp.client import Answer, GcpClients

_PASSING: Final = frozenset(
    {
        InstanceState.PENDING,
        InstanceState.STOPPING,
        InstanceState.UPDATING,
        InstanceState.DELETING,
    }
)


def start_instance(clients: GcpClients, region: str, instance_id: str) -> None:
    """Ask for a start, or for a resume of a suspended instance; a running one is left alone.

    Watched for some seconds, for Google may have no room for it.
    """
    machine = fetch_instance(clients, region, instance_id)
    doing = f"start instance {instance_id} in {region}"
    instances = clients.instances()
    if _state(machine) in {InstanceState.RUNNING, InstanceState.PENDING}:
        return
    if machine["status"] == "SUSPENDED":
        operation = asked(instances.resume_unary, place(clients, machine), doing)
    elif _state(machine) is InstanceState.STOPPED:
        operation = asked(instances.start_unary, place(clients, machine), doing)
    else:
        raise refusal(region, machine, "start", InstanceState.STOPPED)
    awaited(clients, operation, doing, SHORT_SECONDS)


def stop_instance(clients: GcpClients, region: str, instance_id: str) -> None:
    """Ask for a stop; a stopped instance, and one that is stopping, is left alone."""
    machine = fetch_instance(clients, region, instance_id)
    if _state(machine) in {InstanceState.STOPPED, InstanceState.STOPPING}:
        return
    if _state(machine) is not InstanceState.RUNNING:
        raise refusal(region, machine, "stop", InstanceState.RUNNING)
    doing = f"stop instance {instance_id} in {region}"
    asked(clients.instances().stop_unary, place(clients, machine), doing)


def reboot_instance(clients: GcpClients, region: str, instance_id: str) -> None:
    """Ask for a reset of a running instance: Compute Engine's only reboot is a hard one."""
    machine = fetch_instance(clients, region, instance_id)
    if _state(machine) is not InstanceState.RUNNING:
        raise refusal(region, machine, "reboot", InstanceState.RUNNING)
    doing = f"reboot instance {instance_id} in {region}"
    asked(clients.instances().reset_unary, place(clients, machine), doing)


def must_stop_to_resize(instance: Instance, instance_type: str) -> bool:
    """Return whether the instance has to be stopped first: only stopped ones are resized.

    https://cloud.google.com/compute/docs/instances/changing-machine-type-of-stopped-instance
    """
    return instance.type != instance_type and instance.state is not InstanceState.STOPPED


def resize_instance(clients: GcpClients, region: str, instance_id: str, instance_type: str) -> None:
    """Give a stopped instance another type; one that has it already is left as it is."""
    machine = fetch_instance(clients, region, instance_id)
    if ending(machine["machineType"]) == instance_type:
        return
    if _state(machine) is not InstanceState.STOPPED:
        raise refusal(region, machine, "resize", InstanceState.STOPPED)
    zone = ending(machine["zone"])
    doing = f"resize instance {instance_id} in {region} to {instance_type}"
    kind = {"machine_type": f"zones/{zone}/machineTypes/{instance_type}"}
    operation = asked(
        clients.instances().set_machine_type_unary,
        {
            **place(clients, machine),
            "instances_set_machine_type_request_resource": kind,
        },
        doing,
    )
    finished(clients, operation, doing)


def delete_instance(clients: GcpClients, region: str, instance_id: str) -> None:
    """Ask for the end of an instance and of the disks made with it; a gone one is no error.

    Its disks end with it; those that a restore which broke off left behind are deleted here.
    """
    zone, _, number = read_instance_id(region, instance_id)
    try:
        machine = fetch_instance(clients, region, instance_id)
        _delete(clients, region, instance_id, machine)
    except NotFound:
        pass
    delete_leftovers(clients, zone, number)


def _delete(clients: GcpClients, region: str, instance_id: str, machine: Answer) -> None:
    if machine.get("deletionProtection"):
        raise InvalidRequest(
            f"Instance {instance_id} in {region} is protected against deletion.",
            hint="Switch its deletion protection off first.",
            provider="gcp",
        )
    doing = f"delete instance {instance_id} in {region}"
    try:
        asked(clients.instances().delete_unary, place(clients, machine), doing)
    except Conflict:
        # A machine that is being deleted refuses a second time, and has no state of its own.
        if _state(machine) is not InstanceState.STOPPING:
            raise


def place(clients: GcpClients, machine: Answer) -> dict[str, Any]:
    """Return what every request about an instance has, with a request ID of its own."""
    return {
        "project": clients.project,
        "zone": ending(machine["zone"]),
        "instance": machine["name"],
        "request_id": fresh_request_id(),
    }


def refusal(region: str, machine: Answer, change: str, needed: InstanceState) -> SkyClustError:
    """Return the error for a change that needs another state than the instance has."""
    said = f"Could not {change} instance {machine['name']} in {region}: it is {machine['status']}"
    if _state(machine) in _PASSING or machine["status"] == "SUSPENDING":
        return Conflict(f"{said} just now.", provider="gcp", code="resourceNotReady")
    return InvalidRequest(
        f"{said}.", hint=f"An instance has to be {needed} for this.", provider="gcp"
    )


def _state(machine: Answer) -> InstanceState:
    return STATES.get(machine["status"], InstanceState.UPDATING)

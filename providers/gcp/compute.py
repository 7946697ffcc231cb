"""Starting, stopping, rebooting, resizing and deleting an instance.

The state is looked at first: what Compute Engine answers to a change that the state does not
allow differs from change to change. Whether to try again depends on the state: Conflict while
the instance is on its way to another state, InvalidRequest when it would have to be started or
stopped first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from providers.gcp import fields
from providers.gcp.instances import (
    fetch_instance,
    fetch_same,
    number_of,
    state_of,
    status_of,
    zone_of,
)
from providers.gcp.leftovers import delete_leftovers
from providers.gcp.links import ending_in, own_link, read_instance_id
from providers.gcp.operations import (
    SHORT_SECONDS,
    asked,
    asked_once,
    awaited,
    finished,
    fresh_request_id,
)
from skyclust.errors import Conflict, InvalidRequest, NotFound, SkyClustError
from skyclust.model.instance import Instance, InstanceReference, InstanceState
from skyclust.providerkit.same_instance import require_same_instance

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


def start_instance(clients: GcpClients, instance: InstanceReference) -> None:
    """Ask for a start, or for a resume of a suspended instance; a running one is left alone.

    Watched for some seconds, for Google may have no room for it.
    """
    machine = fetch_same(clients, instance)
    state = state_of(machine)
    doing = f"start instance {instance.id} in {instance.region}"
    instances = clients.instances()
    if state in {InstanceState.RUNNING, InstanceState.PENDING}:
        return
    if status_of(machine) == "SUSPENDED":
        operation = asked(instances.resume_unary, place(clients, machine), doing)
    elif state is InstanceState.STOPPED:
        operation = asked(instances.start_unary, place(clients, machine), doing)
    else:
        raise refusal(instance.region, machine, "start", InstanceState.STOPPED)
    awaited(clients, operation, doing, SHORT_SECONDS)


def stop_instance(clients: GcpClients, instance: InstanceReference) -> None:
    """Ask for a stop; a stopped instance, and one that is stopping, is left alone."""
    machine = fetch_same(clients, instance)
    if state_of(machine) in {InstanceState.STOPPED, InstanceState.STOPPING}:
        return
    if state_of(machine) is not InstanceState.RUNNING:
        raise refusal(instance.region, machine, "stop", InstanceState.RUNNING)
    doing = f"stop instance {instance.id} in {instance.region}"
    asked(clients.instances().stop_unary, place(clients, machine), doing)


def reboot_instance(clients: GcpClients, instance: InstanceReference) -> None:
    """Ask once for a reset of a running instance: Compute Engine's only reboot is a hard one."""
    machine = fetch_same(clients, instance)
    if state_of(machine) is not InstanceState.RUNNING:
        raise refusal(instance.region, machine, "reboot", InstanceState.RUNNING)
    doing = f"reboot instance {instance.id} in {instance.region}"
    asked_once(clients.instances().reset_unary, place(clients, machine), doing)


def must_stop_to_resize(instance: Instance, instance_type: str) -> bool:
    """Return whether the instance has to be stopped first: only stopped ones are resized.

    https://cloud.google.com/compute/docs/instances/changing-machine-type-of-stopped-instance
    """
    return instance.type != instance_type and instance.state is not InstanceState.STOPPED


def resize_instance(clients: GcpClients, instance: InstanceReference, instance_type: str) -> None:
    """Give a stopped instance another type; one that has it already is left as it is."""
    machine = fetch_same(clients, instance)
    if ending_in(machine, "machineType") == instance_type:
        return
    if state_of(machine) is not InstanceState.STOPPED:
        raise refusal(instance.region, machine, "resize", InstanceState.STOPPED)
    doing = f"resize instance {instance.id} in {instance.region} to {instance_type}"
    kind = {"machine_type": f"zones/{zone_of(machine)}/machineTypes/{instance_type}"}
    operation = asked(
        clients.instances().set_machine_type_unary,
        {
            **place(clients, machine),
            "instances_set_machine_type_request_resource": kind,
        },
        doing,
    )
    finished(clients, operation, doing)


def delete_instance(clients: GcpClients, instance: InstanceReference) -> None:
    """Ask for the end of an instance and of the disks made with it; a gone one is no error.

    Its disks end with it; those that a restore which broke off left behind are deleted here.
    """
    machine = _machine_or_none(clients, instance)
    if machine is not None:
        require_same_instance(instance, number_of(machine), provider="gcp")
        _delete(clients, instance, machine)
    _delete_leftovers(clients, instance)


def remove_leftovers(clients: GcpClients, instance: InstanceReference) -> None:
    """Delete the disks that a restore left of an instance that is gone; never an instance.

    While it exists they may be those of a restore that goes on.
    """
    if _machine_or_none(clients, instance) is None:
        _delete_leftovers(clients, instance)


def _machine_or_none(clients: GcpClients, instance: InstanceReference) -> Answer | None:
    try:
        return fetch_instance(clients, instance.region, instance.id)
    except NotFound:
        return None


def _delete_leftovers(clients: GcpClients, instance: InstanceReference) -> None:
    zone, _, number = read_instance_id(instance.region, instance.id)
    if number == instance.unique_id:
        delete_leftovers(clients, zone, number)


def _delete(clients: GcpClients, instance: InstanceReference, machine: Answer) -> None:
    if fields.flag(machine, "deletionProtection"):
        raise InvalidRequest(
            f"Instance {instance.id} in {instance.region} is protected against deletion.",
            hint="Switch its deletion protection off first.",
            provider="gcp",
        )
    doing = f"delete instance {instance.id} in {instance.region}"
    try:
        asked(clients.instances().delete_unary, place(clients, machine), doing)
    except NotFound:
        return
    except Conflict:
        # A machine that is being deleted refuses a second time, and has no state of its own.
        if state_of(machine) is not InstanceState.STOPPING:
            raise


def place(clients: GcpClients, machine: Answer) -> dict[str, Any]:
    """Return what every request about an instance has, with a request ID of its own.

    The instance is named by its number: whatever became of its name since it was looked at,
    Compute Engine refuses what is meant for another one.
    """
    return {
        "project": clients.project,
        "zone": zone_of(machine),
        "instance": number_of(machine),
        "request_id": fresh_request_id(),
    }


def refusal(region: str, machine: Answer, change: str, needed: InstanceState) -> SkyClustError:
    """Return the error for a change that needs another state than the instance has."""
    status, name = status_of(machine), own_link(machine).name
    said = f"Could not {change} instance {name} in {region}: it is {status}"
    if state_of(machine) in _PASSING or status == "SUSPENDING":
        return Conflict(f"{said} just now.", provider="gcp", code="resourceNotReady")
    return InvalidRequest(
        f"{said}.", hint=f"An instance has to be {needed} for this.", provider="gcp"
    )

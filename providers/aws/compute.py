"""Starting, stopping, rebooting, resizing and deleting an instance.

EC2 refuses a change that the instance's state does not allow with one code,
IncorrectInstanceState. Whether to try again depends on the state: Conflict while the instance
is on its way to another state, InvalidRequest when it would have to be started or stopped first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from providers.aws.instances import get_instance
from providers.aws.regions import calling
from skyclust.errors import Conflict, InvalidRequest, NotFound, SkyClustError
from skyclust.model.instance import Instance, InstanceState

if TYPE_CHECKING:
    from providers.aws.client import AwsClients

_PASSING: Final = frozenset({InstanceState.PENDING, InstanceState.STOPPING, InstanceState.UPDATING})


def start_instance(clients: AwsClients, region: str, instance_id: str) -> None:
    """Ask for a start; EC2 leaves a running instance as it is."""
    with _changing(clients, region, instance_id, "start", InstanceState.STOPPED):
        clients.ec2(region).start_instances(InstanceIds=[instance_id])


def stop_instance(clients: AwsClients, region: str, instance_id: str) -> None:
    """Ask for a stop; EC2 leaves a stopped instance as it is."""
    with _changing(clients, region, instance_id, "stop", InstanceState.RUNNING):
        clients.ec2(region).stop_instances(InstanceIds=[instance_id])


def reboot_instance(clients: AwsClients, region: str, instance_id: str) -> None:
    """Ask for a reboot of a running instance, with one request: a lost reply is not repeated.

    The state is looked at first, for EC2 ignores a reboot of a terminated instance
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RebootInstances.html).
    """
    instance = get_instance(clients, region, instance_id)
    if instance.state is not InstanceState.RUNNING:
        raise refusal(instance, "reboot", InstanceState.RUNNING)
    with _changing(clients, region, instance_id, "reboot", InstanceState.RUNNING):
        clients.ec2_once(region).reboot_instances(InstanceIds=[instance_id])


def must_stop_to_resize(instance: Instance, instance_type: str) -> bool:
    """Return whether the instance has to be stopped first: EC2 resizes stopped ones only."""
    return instance.type != instance_type and instance.state is not InstanceState.STOPPED


def resize_instance(clients: AwsClients, region: str, instance_id: str, instance_type: str) -> None:
    """Give a stopped instance another type; one that has it already is left as it is."""
    instance = get_instance(clients, region, instance_id)
    if instance.type == instance_type and instance.state is not InstanceState.DELETED:
        return
    if instance.state is not InstanceState.STOPPED:
        raise refusal(instance, "resize", InstanceState.STOPPED)
    with _changing(clients, region, instance_id, "resize", InstanceState.STOPPED):
        clients.ec2(region).modify_instance_attribute(
            InstanceId=instance_id, InstanceType={"Value": instance_type}
        )


def delete_instance(clients: AwsClients, region: str, instance_id: str) -> None:
    """Ask for the end of an instance and of the disks made with it; a gone one is no error."""
    try:
        with calling(clients, region, f"delete instance {instance_id} in {region}"):
            clients.ec2(region).terminate_instances(InstanceIds=[instance_id])
    except NotFound as error:
        if error.code != "InvalidInstanceID.NotFound":  # a malformed id was never an instance
            raise


def refusal(instance: Instance, change: str, needed: InstanceState) -> SkyClustError:
    """Return the error for a change that needs another state than the instance has."""
    said = (
        f"Could not {change} instance {instance.id} in {instance.region}:"
        f" it is {instance.native_state}"
    )
    if instance.state in _PASSING or instance.state is needed:
        # It has the needed state now, but had not when EC2 looked.
        return Conflict(f"{said} just now.", provider="aws", code="IncorrectInstanceState")
    return InvalidRequest(
        f"{said}.",
        hint=f"An instance has to be {needed} for this.",
        provider="aws",
        code="IncorrectInstanceState",
    )


@contextmanager
def _changing(
    clients: AwsClients, region: str, instance_id: str, change: str, needed: InstanceState
) -> Iterator[None]:
    try:
        with calling(clients, region, f"{change} instance {instance_id} in {region}"):
            yield
    except Conflict as error:
        if error.code != "IncorrectInstanceState":
            raise
        raise refusal(get_instance(clients, region, instance_id), change, needed) from error

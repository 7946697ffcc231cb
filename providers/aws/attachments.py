"""Attaching disks that exist to instances, and detaching them.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachVolume.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachVolume.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.aws.creation import DATA_DEVICES
from providers.aws.disks import to_disk
from providers.aws.instances import describe_instance
from providers.aws.regions import calling
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.resource import Resource

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceTypeDef, VolumeTypeDef

    from providers.aws.client import AwsClients

_ENDED = frozenset({"shutting-down", "terminated"})


def get_disk(clients: AwsClients, region: str, disk_id: str) -> Resource:
    """Return a volume as inventory does; raises NotFound when EC2 knows none."""
    return to_disk(region, describe_volume(clients, region, disk_id))


def attach_disk(clients: AwsClients, region: str, instance_id: str, disk_id: str) -> None:
    """Ask for a volume to be attached at the first free device; it stays when the instance ends.

    A volume that the instance has already is left as it is.
    """
    machine = _living(clients, region, instance_id)
    volume = describe_volume(clients, region, disk_id)
    holders = {one.get("InstanceId") for one in volume.get("Attachments", ())}
    if instance_id in holders:
        return
    if holders:
        raise InvalidRequest(
            f"Could not attach disk {disk_id} to instance {instance_id} in {region}:"
            f" {', '.join(sorted(map(str, holders)))} has it.",
            hint="Detach it there first.",
            provider="aws",
        )
    with calling(clients, region, f"attach disk {disk_id} to instance {instance_id} in {region}"):
        clients.ec2(region).attach_volume(
            InstanceId=instance_id, VolumeId=disk_id, Device=free_device(machine)
        )


def detach_disk(clients: AwsClients, region: str, instance_id: str, disk_id: str) -> None:
    """Ask for a volume to be detached; one that the instance does not have is left as it is.

    The root volume of an instance that is not stopped is refused with InvalidRequest.
    """
    machine = describe_instance(clients, region, instance_id)
    volume = describe_volume(clients, region, disk_id)
    held = [a for a in volume.get("Attachments", ()) if a.get("InstanceId") == instance_id]
    if not held or held[0].get("State") in {"detaching", "detached"}:
        return
    is_root = held[0].get("Device") == machine.get("RootDeviceName")
    if is_root and machine["State"]["Name"] != "stopped":
        raise InvalidRequest(
            f"Could not detach disk {disk_id}: it is the boot disk of {instance_id}, which is"
            f" {machine['State']['Name']}.",
            hint="Stop the machine first.",
            provider="aws",
        )
    request_detach(clients, region, instance_id, disk_id)


def request_detach(clients: AwsClients, region: str, instance_id: str, disk_id: str) -> None:
    """Ask for a volume to be detached; one that is off already is no error.

    botocore repeats a request whose reply was lost, and by then the volume is off.
    """
    try:
        with calling(clients, region, f"detach disk {disk_id} from {instance_id} in {region}"):
            clients.ec2(region).detach_volume(InstanceId=instance_id, VolumeId=disk_id)
    except NotFound as error:
        if error.code != "InvalidAttachment.NotFound":
            raise


def describe_volume(clients: AwsClients, region: str, disk_id: str) -> VolumeTypeDef:
    """Return what EC2 tells of one volume; raises NotFound when it knows none."""
    doing = f"read disk {disk_id} in {region}"
    with calling(clients, region, doing):
        for volume in clients.ec2(region).describe_volumes(VolumeIds=[disk_id])["Volumes"]:
            return volume
    raise NotFound(f"Could not {doing}: there is none.", provider="aws")


def free_device(machine: InstanceTypeDef) -> str:
    """Return the first of the recommended device names that an instance does not use.

    Raises InvalidRequest when all are in use.
    """
    used = {mapping.get("DeviceName") for mapping in machine.get("BlockDeviceMappings", ())}
    for device in DATA_DEVICES:
        if device not in used:
            return device
    raise InvalidRequest(
        f"Instance {machine['InstanceId']} uses all of {DATA_DEVICES[0]} to {DATA_DEVICES[-1]}.",
        hint="Detach a disk first.",
        provider="aws",
    )


def _living(clients: AwsClients, region: str, instance_id: str) -> InstanceTypeDef:
    machine = describe_instance(clients, region, instance_id)
    state = machine["State"]["Name"]
    if state in _ENDED:
        raise NotFound(f"Instance {instance_id} in {region} is {state}.", provider="aws")
    if state not in {"running", "stopped"}:
        raise Conflict(
            f"Instance {instance_id} in {region} is {state} just now.",
            provider="aws",
            code="IncorrectInstanceState",
        )
    return machine

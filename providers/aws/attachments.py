"""Attaching existing volumes to instances, and detaching them.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachVolume.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachVolume.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.aws.creation import DATA_DEVICES
from providers.aws.disks import describe_volume, to_disk
from providers.aws.instances import describe_instance
from providers.aws.regions import regional_errors
from skyclust.contract import DiskProvider
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference
from skyclust.model.resource import Resource

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceTypeDef, VolumeTypeDef

    from providers.aws.client import AwsClients

_ENDED = frozenset({"shutting-down", "terminated"})


class AwsDisks(DiskProvider):
    """EBS volumes of instances."""

    _clients: AwsClients

    def get_disk(self, region: str, disk_id: str) -> Resource:
        """Return a volume as inventory does; raises NotFound when it does not exist."""
        return to_disk(region, describe_volume(self._clients, region, disk_id))

    def attach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Request that a volume be attached at the first free device.

        EC2 keeps the volume when the instance is terminated. Does nothing when the volume is
        attached to the instance already; raises InvalidRequest when another instance has it.
        """
        region, instance_id = instance.region, instance.id
        ec2_instance = _attachable(self._clients, region, instance_id)
        volume = describe_volume(self._clients, region, disk_id)
        holders = {attachment.get("InstanceId") for attachment in volume.get("Attachments", ())}
        if instance_id in holders:
            return
        if holders:
            raise InvalidRequest(
                f"Could not attach disk {disk_id} to instance {instance_id} in {region}:"
                f" {', '.join(sorted(map(str, holders)))} has it.",
                hint="Detach it there first.",
                provider="aws",
            )
        _require_same_zone(ec2_instance, volume)
        doing = f"attach disk {disk_id} to instance {instance_id} in {region}"
        with regional_errors(self._clients, region, doing):
            self._clients.ec2(region).attach_volume(
                InstanceId=instance_id, VolumeId=disk_id, Device=free_device(ec2_instance)
            )

    def detach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Request that a volume be detached; does nothing when it is not attached.

        Raises InvalidRequest for the root volume of an instance that is not stopped.
        """
        region, instance_id = instance.region, instance.id
        ec2_instance = describe_instance(self._clients, region, instance_id)
        volume = describe_volume(self._clients, region, disk_id)
        held = [a for a in volume.get("Attachments", ()) if a.get("InstanceId") == instance_id]
        if not held or held[0].get("State") in {"detaching", "detached"}:
            return
        is_root = held[0].get("Device") == ec2_instance.get("RootDeviceName")
        if is_root and ec2_instance["State"]["Name"] != "stopped":
            raise InvalidRequest(
                f"Could not detach disk {disk_id}: it is the boot disk of {instance_id}, which is"
                f" {ec2_instance['State']['Name']}.",
                hint="Stop the instance first.",
                provider="aws",
            )
        request_detach(self._clients, region, instance_id, disk_id)


def request_detach(clients: AwsClients, region: str, instance_id: str, disk_id: str) -> None:
    """Request that a volume be detached; a volume that is detached already is no error.

    botocore repeats a request whose reply was lost, and the volume is detached by then.
    """
    doing = f"detach disk {disk_id} from {instance_id} in {region}"
    try:
        with regional_errors(clients, region, doing):
            clients.ec2(region).detach_volume(InstanceId=instance_id, VolumeId=disk_id)
    except NotFound as error:
        if error.code != "InvalidAttachment.NotFound":
            raise


def free_device(ec2_instance: InstanceTypeDef) -> str:
    """Return the first of the recommended device names that an instance does not use.

    Raises InvalidRequest when all are in use.
    """
    used = {mapping.get("DeviceName") for mapping in ec2_instance.get("BlockDeviceMappings", ())}
    for device in DATA_DEVICES:
        if device not in used:
            return device
    raise InvalidRequest(
        f"Instance {ec2_instance['InstanceId']} uses all of {DATA_DEVICES[0]} to"
        f" {DATA_DEVICES[-1]}.",
        hint="Detach a disk first.",
        provider="aws",
    )


def _require_same_zone(ec2_instance: InstanceTypeDef, volume: VolumeTypeDef) -> None:
    """Raise InvalidRequest when the volume is in another zone: EBS attaches within a zone only.

    Source: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-attaching-volume.html
    """
    instance_zone = ec2_instance.get("Placement", {}).get("AvailabilityZone")
    volume_zone = volume.get("AvailabilityZone")
    if instance_zone and volume_zone and instance_zone != volume_zone:
        raise InvalidRequest(
            f"Could not attach disk {volume.get('VolumeId')} to instance"
            f" {ec2_instance['InstanceId']}: the disk is in zone {volume_zone}, the instance in"
            f" {instance_zone}.",
            hint=f"Attach it to an instance in {volume_zone}, or make a snapshot of the disk at AWS"
            f" and a disk of the snapshot in {instance_zone}.",
            provider="aws",
        )


def _attachable(clients: AwsClients, region: str, instance_id: str) -> InstanceTypeDef:
    """Return an instance that is running or stopped; raises NotFound or Conflict otherwise."""
    ec2_instance = describe_instance(clients, region, instance_id)
    state = ec2_instance["State"]["Name"]
    if state in _ENDED:
        raise NotFound(f"Instance {instance_id} in {region} is {state}.", provider="aws")
    if state not in {"running", "stopped"}:
        raise Conflict(
            f"Instance {instance_id} in {region} is {state} just now.",
            provider="aws",
            code="IncorrectInstanceState",
        )
    return ec2_instance

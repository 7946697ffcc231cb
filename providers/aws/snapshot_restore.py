"""Restoring the disks of a stopped instance from a snapshot set, one step in each call.

For each device a new volume is created from its snapshot, the volume attached there is tagged
as replaced and detached, and the new volume is attached in its place. When every device has its
new volume, the replaced volumes are deleted. All volumes are found again by tags that carry the
token, and CreateVolume takes a client token, so any process can continue where another stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from providers.aws.attachments import request_detach
from providers.aws.instances import describe_instance, to_instance
from providers.aws.paging import get_pages
from providers.aws.regions import regional_errors
from providers.aws.snapshot_sets import INSTANCE_TAG, SnapshotSet, get_snapshot_set
from providers.aws.state_errors import state_error
from providers.aws.tags import NAME_TAG, TOKEN_TAG, to_pairs, to_tags
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.instance import Instance, InstanceState
from skyclust.model.snapshot import SnapshotState

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import (
        CreateVolumeRequestTypeDef,
        InstanceTypeDef,
        SnapshotTypeDef,
        VolumeTypeDef,
    )

    from providers.aws.client import AwsClients

RESTORED_TAG: Final = "skyclust:restored"
"""Holds id and device of the restore that a volume was created for."""

REPLACED_TAG: Final = "skyclust:replaced"
"""Holds the id of the restore that replaced a volume."""

DELETE_ON_TERMINATION_TAG: Final = "skyclust:ends-with-machine"
"""Holds whether EC2 would have deleted the replaced volume with its instance."""


@dataclass(frozen=True)
class _Restore:
    """One restore of an instance; its id, made of token and snapshot, is in its volumes' tags."""

    clients: AwsClients
    region: str
    ec2_instance: InstanceTypeDef
    id: str


def restore_snapshot(
    clients: AwsClients, region: str, instance_id: str, snapshot_id: str, token: str
) -> bool:
    """Take the next step for every device; return whether the restore is complete.

    Raises NotFound when the instance or the snapshot does not exist, InvalidRequest or Conflict
    when the instance is not stopped or the snapshot cannot be used.
    """
    ec2_instance = describe_instance(clients, region, instance_id)
    snapshot_set = get_snapshot_set(clients, region, instance_id, snapshot_id)
    _check_restorable(to_instance(region, ec2_instance), snapshot_set)
    restore_id = sha256(f"{token} {snapshot_id}".encode()).hexdigest()
    restore = _Restore(clients, region, ec2_instance, restore_id)
    complete = [
        _restore_device(restore, device, snapshot)
        for device, snapshot in sorted(snapshot_set.by_device.items())
    ]
    return all(complete) and _delete_replaced(restore)


def _check_restorable(instance: Instance, snapshot_set: SnapshotSet) -> None:
    if instance.state is InstanceState.DELETED:
        raise NotFound(
            f"Instance {instance.id} in {instance.region} is terminated.", provider="aws"
        )
    if instance.state is not InstanceState.STOPPED:
        raise state_error(instance, "restore", InstanceState.STOPPED)
    snapshot = snapshot_set.snapshot
    if snapshot.state is not SnapshotState.AVAILABLE:
        is_pending = snapshot.state is SnapshotState.PENDING
        raise (Conflict if is_pending else InvalidRequest)(
            f"Snapshot {snapshot.id} of instance {instance.id} is {snapshot.native_state}"
            " and cannot be restored now.",
            provider="aws",
        )


def _restore_device(restore: _Restore, device: str, snapshot: SnapshotTypeDef) -> bool:
    """Take the next step for one device; return whether its new volume is in place."""
    clients, region = restore.clients, restore.region
    ec2, instance_id = clients.ec2(region), restore.ec2_instance["InstanceId"]
    attached = _attached_volume(clients, region, instance_id, device)
    created = get_tagged_volumes(clients, region, RESTORED_TAG, f"{restore.id} {device}")
    doing = f"restore {device} of instance {instance_id} in {region}"
    with regional_errors(clients, region, doing):
        if not created:
            request = new_volume(restore.ec2_instance, device, snapshot, attached, restore.id)
            ec2.create_volume(**request)
            return False
        new = created[0]
        if attached is None:
            if new["State"] == "available":
                ec2.attach_volume(InstanceId=instance_id, VolumeId=new["VolumeId"], Device=device)
            return False
        if attached["Attachments"][0].get("State") != "attached":
            return False
        new_tags = to_tags(new.get("Tags"))
        if attached["VolumeId"] == new["VolumeId"]:
            delete = new_tags.get(DELETE_ON_TERMINATION_TAG) != "false"
            _set_delete_on_termination(restore, device, delete=delete)
            return True
        replaced_tags = {
            REPLACED_TAG: restore.id,
            INSTANCE_TAG: instance_id,
            DELETE_ON_TERMINATION_TAG: new_tags[DELETE_ON_TERMINATION_TAG],
        }
        ec2.create_tags(Resources=[attached["VolumeId"]], Tags=to_pairs(replaced_tags))
        request_detach(clients, region, instance_id, attached["VolumeId"])
    return False


def new_volume(
    ec2_instance: InstanceTypeDef,
    device: str,
    snapshot: SnapshotTypeDef,
    attached: VolumeTypeDef | None,
    restore_id: str,
) -> CreateVolumeRequestTypeDef:
    """Return the parameters of CreateVolume: a copy of the attached volume, from the snapshot."""
    mappings = ec2_instance.get("BlockDeviceMappings", ())
    ebs = {mapping.get("DeviceName"): mapping.get("Ebs", {}) for mapping in mappings}
    delete = ebs.get(device, {}).get("DeleteOnTermination", True)
    old_tags = to_tags((ec2_instance if attached is None else attached).get("Tags"))
    tags: dict[str, str] = {
        **{key: old_tags[key] for key in (NAME_TAG, TOKEN_TAG) if key in old_tags},
        RESTORED_TAG: f"{restore_id} {device}",
        DELETE_ON_TERMINATION_TAG: str(delete).lower(),
        INSTANCE_TAG: ec2_instance["InstanceId"],
    }
    request: CreateVolumeRequestTypeDef = {
        "AvailabilityZone": ec2_instance["Placement"]["AvailabilityZone"],
        "SnapshotId": snapshot["SnapshotId"],
        "ClientToken": sha256(f"{restore_id} {device}".encode()).hexdigest(),
        "TagSpecifications": [{"ResourceType": "volume", "Tags": to_pairs(tags)}],
    }
    if attached is not None and attached.get("VolumeType"):
        request["VolumeType"] = attached["VolumeType"]
        if attached.get("Iops") and attached["VolumeType"] in {"io1", "io2", "gp3"}:
            request["Iops"] = attached["Iops"]
    return request


def _set_delete_on_termination(restore: _Restore, device: str, *, delete: bool) -> None:
    """Set whether EC2 deletes the volume at a device when it terminates the instance."""
    instance_id = restore.ec2_instance["InstanceId"]
    ec2_instance = describe_instance(restore.clients, restore.region, instance_id)
    for mapping in ec2_instance.get("BlockDeviceMappings", ()):
        is_device = mapping.get("DeviceName") == device
        if is_device and mapping.get("Ebs", {}).get("DeleteOnTermination", False) is not delete:
            restore.clients.ec2(restore.region).modify_instance_attribute(
                InstanceId=instance_id,
                BlockDeviceMappings=[
                    {"DeviceName": device, "Ebs": {"DeleteOnTermination": delete}}
                ],
            )


def _delete_replaced(restore: _Restore) -> bool:
    """Delete the replaced volumes; return whether no more are left to delete."""
    waiting = False
    for volume in get_tagged_volumes(restore.clients, restore.region, REPLACED_TAG, restore.id):
        if volume["State"] != "available":
            waiting = waiting or volume["State"] not in {"deleting", "deleted"}
            continue
        delete_volume(restore.clients, restore.region, volume["VolumeId"])
    return not waiting


def _attached_volume(
    clients: AwsClients, region: str, instance_id: str, device: str
) -> VolumeTypeDef | None:
    """Return the volume at a device of an instance, also one that is being detached."""
    filters = {"attachment.instance-id": instance_id, "attachment.device": device}
    return next(iter(_volumes(clients, region, filters)), None)


def get_tagged_volumes(
    clients: AwsClients, region: str, key: str, value: str
) -> list[VolumeTypeDef]:
    """Return the volumes that have a tag with this value."""
    return _volumes(clients, region, {f"tag:{key}": value})


def delete_volume(clients: AwsClients, region: str, volume_id: str) -> None:
    """Delete a volume; a deleted one is no error."""
    doing = f"delete disk {volume_id} in {region}"
    with suppress(NotFound), regional_errors(clients, region, doing):
        clients.ec2(region).delete_volume(VolumeId=volume_id)


def _volumes(clients: AwsClients, region: str, filters: Mapping[str, str]) -> list[VolumeTypeDef]:
    ec2_filters = [{"Name": name, "Values": [value]} for name, value in filters.items()]
    pages = get_pages(clients.ec2(region), "describe_volumes", "Volumes", Filters=ec2_filters)
    with regional_errors(clients, region, f"list disks in {region}"):
        return [volume for page in pages for volume in page]

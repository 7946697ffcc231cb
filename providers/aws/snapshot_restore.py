"""Putting the disks of a stopped instance back to a snapshot, a step a call.

For each device a new volume is made from its snapshot, the volume that is there is marked and
detached, and the new one attached in its place. When all devices have theirs, the marked
volumes are deleted. Everything is found again by tags that carry the token, and CreateVolume
takes a client token, so any process can go on wherever another one stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from providers.aws.attachments import request_detach
from providers.aws.compute import refusal
from providers.aws.instance_snapshots import INSTANCE_TAG, get_snapshot_set
from providers.aws.instances import describe_instance, to_instance
from providers.aws.paging import get_pages
from providers.aws.regions import calling
from providers.aws.tags import NAME_TAG, TOKEN_TAG, to_pairs, to_tags
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.instance import InstanceState
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
"""Holds token and device of the restore that a volume was made for."""

REPLACED_TAG: Final = "skyclust:replaced"
"""Holds the token of the restore that a volume gave way to."""

ENDS_TAG: Final = "skyclust:ends-with-machine"
"""Holds whether the volume that gave way would have ended with its machine."""


def restore_snapshot(
    clients: AwsClients, region: str, instance_id: str, snapshot_id: str, token: str
) -> bool:
    """Bring every disk a step nearer to the snapshot; return whether all are there.

    Raises NotFound when there is no such instance or snapshot, InvalidRequest or Conflict
    when the instance is not stopped or the snapshot cannot be used.
    """
    machine = describe_instance(clients, region, instance_id)
    kept = get_snapshot_set(clients, region, instance_id, snapshot_id)
    instance = to_instance(region, machine)
    if instance.state is InstanceState.DELETED:
        raise NotFound(f"Instance {instance_id} in {region} is terminated.", provider="aws")
    if instance.state is not InstanceState.STOPPED:
        raise refusal(instance, "restore", InstanceState.STOPPED)
    if kept.snapshot.state is not SnapshotState.AVAILABLE:
        pending = kept.snapshot.state is SnapshotState.PENDING
        raise (Conflict if pending else InvalidRequest)(
            f"Snapshot {snapshot_id} of instance {instance_id} is {kept.snapshot.native_state}"
            " and cannot be restored now.",
            provider="aws",
        )
    mark = sha256(f"{token} {snapshot_id}".encode()).hexdigest()
    restore = _Restore(clients, region, machine, mark)
    done = [_step(restore, device, part) for device, part in sorted(kept.parts.items())]
    return all(done) and _replaced_are_gone(clients, region, mark)


def remove_leftovers(clients: AwsClients, region: str, instance_id: str) -> None:
    """Delete the volumes that a restore left which was broken off when its instance ended.

    Only volumes that nothing has, and that would have ended with the instance: the others are
    somebody's. Does nothing while the instance exists.
    """
    with suppress(NotFound):
        machine = to_instance(region, describe_instance(clients, region, instance_id))
        if machine.state is not InstanceState.DELETED:
            return
    for volume in _tagged(clients, region, INSTANCE_TAG, instance_id):
        tags = to_tags(volume.get("Tags"))
        of_restore = RESTORED_TAG in tags or REPLACED_TAG in tags
        if of_restore and tags.get(ENDS_TAG) == "true" and volume["State"] == "available":
            _delete(clients, region, volume["VolumeId"])


def _delete(clients: AwsClients, region: str, volume_id: str) -> None:
    with suppress(NotFound), calling(clients, region, f"delete disk {volume_id} in {region}"):
        clients.ec2(region).delete_volume(VolumeId=volume_id)


@dataclass(frozen=True)
class _Restore:
    """One restore: where it happens, of what, and the mark that its volumes bear."""

    clients: AwsClients
    region: str
    machine: InstanceTypeDef
    mark: str


def _step(restore: _Restore, device: str, part: SnapshotTypeDef) -> bool:
    """Take one device's next step; return whether its new volume is in place."""
    clients, region, mark = restore.clients, restore.region, restore.mark
    ec2, instance_id = clients.ec2(region), restore.machine["InstanceId"]
    there = _attached(clients, region, instance_id, device)
    made = _tagged(clients, region, RESTORED_TAG, f"{mark} {device}")
    with calling(clients, region, f"restore {device} of instance {instance_id} in {region}"):
        if not made:
            ec2.create_volume(**new_volume(restore.machine, device, part, there, mark))
            return False
        new = made[0]
        if there is not None and there["VolumeId"] == new["VolumeId"]:
            return there["Attachments"][0].get("State") == "attached" and _ends_with_machine(
                clients, region, instance_id, device, to_tags(new.get("Tags"))
            )
        if there is not None:
            if there["Attachments"][0].get("State") == "attached":
                old = there["VolumeId"]
                marks = {REPLACED_TAG: mark, INSTANCE_TAG: instance_id}
                marks[ENDS_TAG] = to_tags(new.get("Tags"))[ENDS_TAG]
                ec2.create_tags(Resources=[old], Tags=to_pairs(marks))
                request_detach(clients, region, instance_id, old)
            return False
        if new["State"] == "available":
            ec2.attach_volume(InstanceId=instance_id, VolumeId=new["VolumeId"], Device=device)
    return False


def new_volume(
    machine: InstanceTypeDef,
    device: str,
    part: SnapshotTypeDef,
    there: VolumeTypeDef | None,
    mark: str,
) -> CreateVolumeRequestTypeDef:
    """Return the parameters of CreateVolume: as the volume that gives way, from the snapshot."""
    flags = {m.get("DeviceName"): m.get("Ebs", {}) for m in machine.get("BlockDeviceMappings", ())}
    ends = flags.get(device, {}).get("DeleteOnTermination", True)
    own = to_tags(there.get("Tags")) if there is not None else to_tags(machine.get("Tags"))
    tags: dict[str, str] = {key: own[key] for key in (NAME_TAG, TOKEN_TAG) if key in own}
    tags |= {RESTORED_TAG: f"{mark} {device}", ENDS_TAG: str(ends).lower()}
    tags[INSTANCE_TAG] = machine["InstanceId"]
    request: CreateVolumeRequestTypeDef = {
        "AvailabilityZone": machine["Placement"]["AvailabilityZone"],
        "SnapshotId": part["SnapshotId"],
        "ClientToken": sha256(f"{mark} {device}".encode()).hexdigest(),
        "TagSpecifications": [{"ResourceType": "volume", "Tags": to_pairs(tags)}],
    }
    if there is not None and there.get("VolumeType"):
        request["VolumeType"] = there["VolumeType"]
        if there.get("Iops") and there["VolumeType"] in {"io1", "io2", "gp3"}:
            request["Iops"] = there["Iops"]
    return request


def _ends_with_machine(
    clients: AwsClients, region: str, instance_id: str, device: str, tags: Mapping[str, str]
) -> bool:
    """Let a new volume end with the machine if the old one did; return True."""
    wanted = tags.get(ENDS_TAG) != "false"
    machine = describe_instance(clients, region, instance_id)
    for mapping in machine.get("BlockDeviceMappings", ()):
        same = mapping.get("DeviceName") == device
        if same and mapping.get("Ebs", {}).get("DeleteOnTermination", False) is not wanted:
            clients.ec2(region).modify_instance_attribute(
                InstanceId=instance_id,
                BlockDeviceMappings=[
                    {"DeviceName": device, "Ebs": {"DeleteOnTermination": wanted}}
                ],
            )
    return True


def _replaced_are_gone(clients: AwsClients, region: str, mark: str) -> bool:
    """Delete the volumes that gave way; return whether there are none left to delete."""
    waiting = False
    for volume in _tagged(clients, region, REPLACED_TAG, mark):
        if volume["State"] != "available":
            waiting = waiting or volume["State"] not in {"deleting", "deleted"}
            continue
        _delete(clients, region, volume["VolumeId"])
    return not waiting


def _attached(
    clients: AwsClients, region: str, instance_id: str, device: str
) -> VolumeTypeDef | None:
    """Return the volume at a device of an instance, one on its way out included."""
    filters = {"attachment.instance-id": instance_id, "attachment.device": device}
    return next(iter(_volumes(clients, region, filters)), None)


def _tagged(clients: AwsClients, region: str, key: str, value: str) -> list[VolumeTypeDef]:
    return _volumes(clients, region, {f"tag:{key}": value})


def _volumes(clients: AwsClients, region: str, filters: Mapping[str, str]) -> list[VolumeTypeDef]:
    asked = [{"Name": name, "Values": [value]} for name, value in filters.items()]
    pages = get_pages(clients.ec2(region), "describe_volumes", "Volumes", Filters=asked)
    with calling(clients, region, f"list disks in {region}"):
        return [volume for page in pages for volume in page]

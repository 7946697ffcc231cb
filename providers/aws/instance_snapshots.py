"""Snapshots of whole instances: one EBS snapshot a disk, taken at one moment.

CreateSnapshots takes all of them at once, crash-consistently, and knows no client token
(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html). So the
token is looked for first, and after: of two sets that were made with one token at the same
time the older one stays. The tags of a set say which instance it is of, and at which device
each disk was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from providers.aws.creation import to_client_token
from providers.aws.instances import describe_instance
from providers.aws.paging import get_pages
from providers.aws.regions import calling
from providers.aws.tags import NAME_TAG, to_pairs, to_tags
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState
from skyclust.providerkit.answers import require_list

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import SnapshotTypeDef

    from providers.aws.client import AwsClients

SNAPSHOT_TAG: Final = "skyclust:snapshot"
"""Holds the token of the set that an EBS snapshot belongs to; it is the set's id."""

INSTANCE_TAG: Final = "skyclust:instance"
"""Holds the id of the instance that a set is of."""

DEVICE_TAG: Final = "skyclust:device:"
"""Followed by a device name; holds the id of the volume that was there."""

LISTED_AFTER: Final = timedelta(minutes=5)
"""So long EC2 may not list all parts of a set that it has made: EC2's reference, "Eventual
consistency in the Amazon EC2 API", advises to look again for up to five minutes."""

# A set is as far as the part that is least far.
_STATES: Final = {
    "pending": SnapshotState.PENDING,
    "completed": SnapshotState.AVAILABLE,
    "recovering": SnapshotState.PENDING,
    "error": SnapshotState.ERROR,
}
_LEAST_FAR_FIRST: Final = (
    SnapshotState.ERROR,
    SnapshotState.PENDING,
    SnapshotState.AVAILABLE,
)


@dataclass(frozen=True)
class SnapshotSet:
    """The EBS snapshots of one machine snapshot, by the device of each disk."""

    snapshot: InstanceSnapshot
    parts: Mapping[str, SnapshotTypeDef]


def create_snapshot(
    clients: AwsClients, region: str, instance_id: str, name: str, token: str
) -> InstanceSnapshot:
    """Take a set of snapshots, or find the one that the token took, and return it."""
    client_token = to_client_token(token)
    machine = describe_instance(clients, region, instance_id)
    if machine["State"]["Name"] in {"shutting-down", "terminated"}:
        raise NotFound(f"Instance {instance_id} in {region} has ended.", provider="aws")
    found = _of_token(clients, region, instance_id, client_token)
    if not found:
        devices = {
            mapping["DeviceName"]: mapping["Ebs"]["VolumeId"]
            for mapping in machine.get("BlockDeviceMappings", ())
            if "Ebs" in mapping
        }
        if not devices:
            raise InvalidRequest(f"Instance {instance_id} has no EBS disk.", provider="aws")
        tags = {
            NAME_TAG: name,
            SNAPSHOT_TAG: client_token,
            INSTANCE_TAG: instance_id,
            **{f"{DEVICE_TAG}{device}": volume for device, volume in devices.items()},
        }
        with calling(clients, region, f"take snapshot {name!r} of {instance_id} in {region}"):
            answer = clients.ec2_once(region).create_snapshots(
                InstanceSpecification={"InstanceId": instance_id},
                Description=f"SkyClust snapshot {name} of {instance_id}",
                TagSpecifications=[{"ResourceType": "snapshot", "Tags": to_pairs(tags)}],
            )
            made = require_list(
                answer, "Snapshots", doing=f"take snapshot {name!r}", provider="aws"
            )
        # EC2 may not list at once what it has just made: what it answered is taken beside that.
        found = _united(_of_token(clients, region, instance_id, client_token), made, tags)
    _delete(clients, region, surplus(found))
    return to_machine_snapshot(region, found)


def list_snapshots(clients: AwsClients, region: str, instance_id: str) -> list[InstanceSnapshot]:
    """Return the machine snapshots of an instance, the oldest first."""
    sets: defaultdict[str, list[SnapshotTypeDef]] = defaultdict(list)
    for part in _described(clients, region, {INSTANCE_TAG: instance_id}):
        sets[to_tags(part.get("Tags"))[SNAPSHOT_TAG]].append(part)
    snapshots = [to_machine_snapshot(region, parts) for parts in sets.values()]
    return sorted(snapshots, key=lambda one: (str(one.created_at), one.id))


def get_snapshot_set(
    clients: AwsClients, region: str, instance_id: str, snapshot_id: str
) -> SnapshotSet:
    """Return a machine snapshot with its parts; raises NotFound when there is none."""
    found = _of_token(clients, region, instance_id, snapshot_id)
    if not found:
        raise NotFound(
            f"Instance {instance_id} in {region} has no snapshot {snapshot_id}.", provider="aws"
        )
    return SnapshotSet(to_machine_snapshot(region, found), by_device(found))


def delete_snapshot(clients: AwsClients, region: str, instance_id: str, snapshot_id: str) -> None:
    """Delete every part of a machine snapshot; one that is gone is no error."""
    _delete(clients, region, _of_token(clients, region, instance_id, snapshot_id))


def _united(
    listed: Sequence[SnapshotTypeDef], made: Sequence[Mapping[str, Any]], tags: Mapping[str, str]
) -> list[SnapshotTypeDef]:
    """Return what is listed, and of what was made the snapshots that are not listed yet."""
    known = {part["SnapshotId"] for part in listed}
    new = [
        cast("SnapshotTypeDef", {"State": "pending", "Tags": to_pairs(tags), **one})
        for one in made
        if one["SnapshotId"] not in known
    ]
    return [*listed, *new]


def surplus(parts: Sequence[SnapshotTypeDef]) -> list[SnapshotTypeDef]:
    """Return the snapshots of a token that a second set made of disks which have one already."""
    kept = {id(part) for part in by_device(parts).values()}
    return [part for part in parts if id(part) not in kept]


def by_device(parts: Sequence[SnapshotTypeDef]) -> dict[str, SnapshotTypeDef]:
    """Return the oldest snapshot of each device's disk."""
    oldest: dict[str, SnapshotTypeDef] = {}
    for part in sorted(parts, key=lambda one: (one["StartTime"], one["SnapshotId"])):
        device = devices_of(part).get(part["VolumeId"])
        if device is not None:
            oldest.setdefault(device, part)
    return oldest


def devices_of(part: SnapshotTypeDef) -> dict[str, str]:
    """Return the device of each volume, as the tags of a set tell."""
    tags = to_tags(part.get("Tags"))
    return {
        volume: key.removeprefix(DEVICE_TAG)
        for key, volume in tags.items()
        if key.startswith(DEVICE_TAG)
    }


def to_machine_snapshot(region: str, parts: Sequence[SnapshotTypeDef]) -> InstanceSnapshot:
    """Return a set of EBS snapshots in our words.

    One that lacks a disk is PENDING for as long as EC2 may not list what it has just made, and
    an ERROR afterwards.
    """
    tags = to_tags(parts[0].get("Tags"))
    members = list(by_device(parts).values())
    natives = sorted({part["State"] for part in members})
    states = {_STATES.get(native, SnapshotState.ERROR) for native in natives}
    created = min(part["StartTime"] for part in parts)
    if len(members) < len(devices_of(parts[0])):
        is_new = datetime.now(UTC) - created < LISTED_AFTER
        states.add(SnapshotState.PENDING if is_new else SnapshotState.ERROR)
    state = next(s for s in _LEAST_FAR_FIRST if s in states)
    return InstanceSnapshot(
        provider="aws",
        region=region,
        instance_id=tags[INSTANCE_TAG],
        id=tags[SNAPSHOT_TAG],
        name=tags.get(NAME_TAG, ""),
        state=state,
        native_state=", ".join(natives) or "not listed",
        token=tags[SNAPSHOT_TAG],
        parts=tuple(sorted(part["SnapshotId"] for part in members)),
        created_at=created.astimezone(UTC),
    )


def _of_token(
    clients: AwsClients, region: str, instance_id: str, client_token: str
) -> list[SnapshotTypeDef]:
    return _described(clients, region, {INSTANCE_TAG: instance_id, SNAPSHOT_TAG: client_token})


def _described(clients: AwsClients, region: str, tags: Mapping[str, str]) -> list[SnapshotTypeDef]:
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    pages = get_pages(
        clients.ec2(region), "describe_snapshots", "Snapshots", OwnerIds=["self"], Filters=filters
    )
    with calling(clients, region, f"list snapshots of {tags[INSTANCE_TAG]} in {region}"):
        return [snapshot for page in pages for snapshot in page]


def _delete(clients: AwsClients, region: str, parts: Sequence[SnapshotTypeDef]) -> None:
    for part in parts:
        try:
            with calling(clients, region, f"delete snapshot {part['SnapshotId']} in {region}"):
                clients.ec2(region).delete_snapshot(SnapshotId=part["SnapshotId"])
        except NotFound:
            continue

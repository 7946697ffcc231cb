"""Snapshot sets: the EBS snapshots, one for each disk, that make one instance snapshot.

The tags of an EBS snapshot name the set and the instance, and the device of each disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from providers.aws.paging import get_pages
from providers.aws.regions import regional_errors
from providers.aws.tags import NAME_TAG, to_tags
from skyclust.errors import NotFound
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import SnapshotTypeDef

    from providers.aws.client import AwsClients

SNAPSHOT_TAG: Final = "skyclust:snapshot"
"""Holds the token of the set that an EBS snapshot belongs to, which is also the set's id."""

INSTANCE_TAG: Final = "skyclust:instance"
"""Holds the id of the instance that a set was taken of."""

DEVICE_TAG: Final = "skyclust:device:"
"""Followed by a device name; holds the id of the volume attached there."""

LISTED_AFTER: Final = timedelta(minutes=5)
"""How long EC2 may take to list all members of a new set: EC2's reference, "Eventual consistency
in the Amazon EC2 API", advises to keep looking for up to five minutes."""

_STATES: Final = {
    "pending": SnapshotState.PENDING,
    "completed": SnapshotState.AVAILABLE,
    "recovering": SnapshotState.PENDING,
    "error": SnapshotState.ERROR,
}
_WORST_FIRST: Final = (SnapshotState.ERROR, SnapshotState.PENDING, SnapshotState.AVAILABLE)
"""A set has the worst state of its members."""


@dataclass(frozen=True)
class SnapshotSet:
    """An instance snapshot and its EBS snapshots, by the device of each disk."""

    snapshot: InstanceSnapshot
    by_device: Mapping[str, SnapshotTypeDef]


def get_snapshot_set(
    clients: AwsClients, region: str, instance_id: str, snapshot_id: str
) -> SnapshotSet:
    """Return a snapshot set of an instance; raises NotFound when it does not exist."""
    members = get_members(clients, region, instance_id, snapshot_id)
    if not members:
        raise NotFound(
            f"Instance {instance_id} in {region} has no snapshot {snapshot_id}.", provider="aws"
        )
    return SnapshotSet(to_instance_snapshot(region, members), by_device(members))


def get_members(
    clients: AwsClients, region: str, instance_id: str, snapshot_id: str | None = None
) -> list[SnapshotTypeDef]:
    """Return the EBS snapshots of one set of an instance, or of all its sets.

    Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
    """
    filters = [{"Name": f"tag:{INSTANCE_TAG}", "Values": [instance_id]}]
    if snapshot_id is not None:
        filters.append({"Name": f"tag:{SNAPSHOT_TAG}", "Values": [snapshot_id]})
    pages = get_pages(
        clients.ec2(region), "describe_snapshots", "Snapshots", OwnerIds=["self"], Filters=filters
    )
    with regional_errors(clients, region, f"list snapshots of {instance_id} in {region}"):
        return [snapshot for page in pages for snapshot in page]


def by_device(members: Sequence[SnapshotTypeDef]) -> dict[str, SnapshotTypeDef]:
    """Return the oldest snapshot of each device's disk."""
    oldest: dict[str, SnapshotTypeDef] = {}
    for member in sorted(members, key=lambda m: (m["StartTime"], m["SnapshotId"])):
        device = devices_of(member).get(member["VolumeId"])
        if device is not None:
            oldest.setdefault(device, member)
    return oldest


def duplicates(members: Sequence[SnapshotTypeDef]) -> list[SnapshotTypeDef]:
    """Return the snapshots of a set that are not the oldest of their disk.

    Two calls at the same time with one token take two snapshots of each disk.
    """
    kept = {id(member) for member in by_device(members).values()}
    return [member for member in members if id(member) not in kept]


def devices_of(member: SnapshotTypeDef) -> dict[str, str]:
    """Return the device of each volume of the set, from the tags of one member."""
    tags = to_tags(member.get("Tags"))
    return {
        volume: key.removeprefix(DEVICE_TAG)
        for key, volume in tags.items()
        if key.startswith(DEVICE_TAG)
    }


def to_instance_snapshot(region: str, members: Sequence[SnapshotTypeDef]) -> InstanceSnapshot:
    """Return the EBS snapshots of one set as an instance snapshot.

    A set that lacks a disk is PENDING for as long as EC2 may not list all of a new set
    (`LISTED_AFTER`), and an ERROR afterwards.
    """
    tags = to_tags(members[0].get("Tags"))
    kept = list(by_device(members).values())
    native_states = sorted({member["State"] for member in kept})
    states = {_STATES.get(native_state, SnapshotState.ERROR) for native_state in native_states}
    created = min(member["StartTime"] for member in members)
    if len(kept) < len(devices_of(members[0])):
        is_new = datetime.now(UTC) - created < LISTED_AFTER
        states.add(SnapshotState.PENDING if is_new else SnapshotState.ERROR)
    return InstanceSnapshot(
        provider="aws",
        region=region,
        instance_id=tags[INSTANCE_TAG],
        id=tags[SNAPSHOT_TAG],
        name=tags.get(NAME_TAG, ""),
        state=next(state for state in _WORST_FIRST if state in states),
        native_state=", ".join(native_states) or "not listed",
        token=tags[SNAPSHOT_TAG],
        parts=tuple(sorted(member["SnapshotId"] for member in kept)),
        created_at=created.astimezone(UTC),
    )

"""Snapshots of EBS volumes that the account owns.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Snapshot.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Final

from providers.aws.paging import get_pages
from providers.aws.regions import regional_errors
from providers.aws.tags import NAME_TAG, to_tags
from skyclust.errors import NotFound
from skyclust.model.resource import Resource, ResourceKind, ResourceState
from skyclust.providerkit.answers import require_list

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import SnapshotTypeDef

    from providers.aws.client import AwsClients

STATES: Final = {
    "pending": ResourceState.PENDING,
    "completed": ResourceState.AVAILABLE,
    "recovering": ResourceState.UPDATING,
    "recoverable": ResourceState.DELETED,  # in the recycle bin
    "error": ResourceState.ERROR,
}


def get_snapshots(
    clients: AwsClients, region: str, page_size: int
) -> Iterator[Sequence[SnapshotTypeDef]]:
    """Yield the account's own snapshots in a region, page by page."""
    yield from get_pages(
        clients.ec2(region),
        "describe_snapshots",
        "Snapshots",
        OwnerIds=["self"],
        PaginationConfig={"PageSize": page_size},
    )


def describe_snapshot(clients: AwsClients, region: str, snapshot_id: str) -> SnapshotTypeDef:
    """Return EC2's description of a snapshot; raises NotFound when it does not exist."""
    doing = f"read snapshot {snapshot_id} in {region}"
    with regional_errors(clients, region, doing):
        reply = clients.ec2(region).describe_snapshots(SnapshotIds=[snapshot_id])
        found: list[SnapshotTypeDef] = require_list(reply, "Snapshots", doing=doing, provider="aws")
    for snapshot in found:
        return snapshot
    raise NotFound(f"Could not {doing}: it does not exist.", provider="aws")


def to_snapshot(region: str, snapshot: SnapshotTypeDef) -> Resource:
    """Return a snapshot as an inventory resource; its size is that of its disk."""
    tags = to_tags(snapshot.get("Tags"))
    native_state = snapshot.get("State")
    started = snapshot.get("StartTime")
    return Resource(
        provider="aws",
        region=region,
        kind=ResourceKind.SNAPSHOT,
        id=snapshot["SnapshotId"],
        name=tags.get(NAME_TAG, ""),
        state=STATES.get(native_state, ResourceState.UPDATING) if native_state else None,
        native_state=native_state,
        tags=tags,
        created_at=started.astimezone(UTC) if started else None,
        attributes={
            "description": snapshot.get("Description") or None,
            "disk": snapshot.get("VolumeId"),
            "encrypted": snapshot.get("Encrypted"),
            "size_gib": snapshot.get("VolumeSize"),
            "tier": snapshot.get("StorageTier"),
        },
    )

"""Snapshots of EBS volumes that the account owns.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Snapshot.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Final

from providers.aws.tags import NAME_TAG, to_tags
from skyclust.model.resource import Resource, ResourceKind, ResourceState

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
    pages = clients.ec2(region).get_paginator("describe_snapshots")
    for page in pages.paginate(OwnerIds=["self"], PaginationConfig={"PageSize": page_size}):
        yield page["Snapshots"]


def to_snapshot(region: str, snapshot: SnapshotTypeDef) -> Resource:
    """Return a snapshot as an inventory resource; its size is that of the disk it was taken of."""
    tags = to_tags(snapshot.get("Tags", ()))
    native_state = snapshot["State"]
    return Resource(
        provider="aws",
        region=region,
        kind=ResourceKind.SNAPSHOT,
        id=snapshot["SnapshotId"],
        name=tags.get(NAME_TAG, ""),
        state=STATES.get(native_state, ResourceState.UPDATING),
        native_state=native_state,
        tags=tags,
        created_at=snapshot["StartTime"].astimezone(UTC),
        attributes={
            "description": snapshot.get("Description") or None,
            "disk": snapshot.get("VolumeId"),
            "encrypted": snapshot.get("Encrypted", False),
            "size_gib": snapshot["VolumeSize"],
            "tier": snapshot.get("StorageTier", "standard"),
        },
    )

"""Disks: EBS volumes.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Volume.html
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

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import VolumeTypeDef

    from providers.aws.client import AwsClients

STATES: Final = {
    "creating": ResourceState.PENDING,
    "available": ResourceState.AVAILABLE,
    "in-use": ResourceState.IN_USE,
    "deleting": ResourceState.DELETING,
    "deleted": ResourceState.DELETED,
    "error": ResourceState.ERROR,
}


def get_disks(
    clients: AwsClients, region: str, page_size: int
) -> Iterator[Sequence[VolumeTypeDef]]:
    """Yield the volumes of a region, page by page."""
    yield from get_pages(
        clients.ec2(region), "describe_volumes", "Volumes", PaginationConfig={"PageSize": page_size}
    )


def describe_volume(clients: AwsClients, region: str, disk_id: str) -> VolumeTypeDef:
    """Return EC2's description of a volume; raises NotFound when it does not exist."""
    doing = f"read disk {disk_id} in {region}"
    with regional_errors(clients, region, doing):
        for volume in clients.ec2(region).describe_volumes(VolumeIds=[disk_id])["Volumes"]:
            return volume
    raise NotFound(f"Could not {doing}: it does not exist.", provider="aws")


def to_disk(region: str, volume: VolumeTypeDef) -> Resource:
    """Return a volume as an inventory resource."""
    tags = to_tags(volume.get("Tags"))
    native_state = volume.get("State")
    attachments = volume.get("Attachments") or ()
    created = volume.get("CreateTime")
    return Resource(
        provider="aws",
        region=region,
        kind=ResourceKind.DISK,
        id=volume["VolumeId"],
        name=tags.get(NAME_TAG, ""),
        zone=volume.get("AvailabilityZone"),
        state=STATES.get(native_state, ResourceState.UPDATING) if native_state else None,
        native_state=native_state,
        tags=tags,
        created_at=created.astimezone(UTC) if created else None,
        attributes={
            "attached_to": sorted(a["InstanceId"] for a in attachments if a.get("InstanceId")),
            "device": attachments[0].get("Device") if attachments else None,
            "encrypted": volume.get("Encrypted"),
            "iops": volume.get("Iops"),
            "size_gib": volume.get("Size"),
            "snapshot": volume.get("SnapshotId") or None,
            "throughput_mibps": volume.get("Throughput"),
            "type": volume.get("VolumeType"),
        },
    )

"""Images (AMIs) that the account owns.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from providers.aws.paging import get_pages
from providers.aws.tags import to_tags
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import ImageTypeDef

    from providers.aws.client import AwsClients

STATES: Final = {
    "pending": ResourceState.PENDING,
    "available": ResourceState.AVAILABLE,
    "transient": ResourceState.PENDING,
    "disabled": ResourceState.UNAVAILABLE,
    "deregistered": ResourceState.DELETED,
    "invalid": ResourceState.ERROR,
    "failed": ResourceState.ERROR,
    "error": ResourceState.ERROR,
}


def get_images(
    clients: AwsClients, region: str, page_size: int
) -> Iterator[Sequence[ImageTypeDef]]:
    """Yield the account's own images in a region, also disabled images, page by page."""
    yield from get_pages(
        clients.ec2(region),
        "describe_images",
        "Images",
        Owners=["self"],
        IncludeDisabled=True,
        PaginationConfig={"PageSize": page_size},
    )


def to_image(region: str, image: ImageTypeDef) -> Resource:
    """Return an image as an inventory resource; `snapshots` are those of its disks."""
    native_state = image.get("State")
    disks = [
        mapping["Ebs"] for mapping in image.get("BlockDeviceMappings") or () if mapping.get("Ebs")
    ]
    sizes = [disk.get("VolumeSize") for disk in disks]
    snapshots = (disk.get("SnapshotId") for disk in disks)
    return Resource(
        provider="aws",
        region=region,
        kind=ResourceKind.IMAGE,
        id=image["ImageId"],
        name=image.get("Name") or "",
        state=STATES.get(native_state, ResourceState.UPDATING) if native_state else None,
        native_state=native_state,
        tags=to_tags(image.get("Tags")),
        created_at=_to_time(image.get("CreationDate")),
        attributes={
            "architecture": image.get("Architecture"),
            "description": image.get("Description") or None,
            "platform": image.get("PlatformDetails"),
            "public": image.get("Public"),
            "size_gib": sum(filter(None, sizes)) if sizes and all(sizes) else None,
            "snapshots": sorted(snapshot for snapshot in snapshots if snapshot),
        },
    )


def _to_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None

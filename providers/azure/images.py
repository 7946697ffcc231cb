"""Images: managed images that the subscription owns.

Source: https://learn.microsoft.com/en-us/rest/api/compute/images
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.azure.ids import normal, reference
from providers.azure.instances import tags_of
from providers.azure.provisioning import native, unsettled
from providers.azure.regions import region_of
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.azure.client import Document


def to_image(image: Document) -> Resource:
    """Return an image as an inventory resource; its size is that of all its disks."""
    storage = image["properties"].get("storageProfile") or {}
    boot = storage.get("osDisk") or {}
    disks = [boot, *(storage.get("dataDisks") or ())]
    sizes = [disk["diskSizeGB"] for disk in disks if disk.get("diskSizeGB")]
    snapshots = {reference(disk.get("snapshot")) for disk in disks}
    return Resource(
        provider="azure",
        region=region_of(image),
        kind=ResourceKind.IMAGE,
        id=normal(image["id"]),
        name=image["name"],
        state=unsettled(image) or ResourceState.AVAILABLE,
        native_state=native(image),
        tags=tags_of(image),
        attributes={
            "architecture": None,
            "description": None,
            "platform": boot.get("osType"),
            "public": False,
            "size_gib": sum(sizes) if sizes else None,
            "snapshots": [*sorted(one for one in snapshots if one)],
        },
    )

"""Managed images of the subscription.

Source: https://learn.microsoft.com/en-us/rest/api/compute/images
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from providers.azure import provisioning
from providers.azure.fields import inner, number, objects, text
from providers.azure.ids import reference
from providers.azure.resources import id_of, location_of, name_of, tags_of
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.azure.client import Document


def to_image(image: Document) -> Resource:
    """Return an image as an inventory resource; its size is the sum of its disks."""
    storage = inner(inner(image, "properties"), "storageProfile")
    boot = inner(storage, "osDisk")
    disks = [*([boot] if boot else ()), *objects(storage, "dataDisks")]
    snapshots = {reference(disk, "snapshot") for disk in disks}
    state, native = provisioning.state_and_native(image, ResourceState.AVAILABLE)
    return Resource(
        provider="azure",
        region=location_of(image),
        kind=ResourceKind.IMAGE,
        id=id_of(image),
        name=name_of(image),
        state=state,
        native_state=native,
        tags=tags_of(image),
        attributes={
            "architecture": None,
            "description": None,
            "platform": text(boot, "osType"),
            "public": False,
            "size_gib": size_of(disks, "diskSizeGB") if boot else None,
            "snapshots": [*sorted(each for each in snapshots if each)],
        },
    )


def size_of(disks: Sequence[Mapping[str, Any]], name: str) -> int | float | None:
    """Return the total size of an image's disks; None if Azure omits the size of a disk."""
    sizes = [number(disk, name) for disk in disks]
    return sum(size for size in sizes if size) if sizes and None not in sizes else None

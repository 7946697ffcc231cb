"""Snapshots of single disks.

Source: https://learn.microsoft.com/en-us/rest/api/compute/snapshots
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.azure.disks import source_of
from providers.azure.ids import normal
from providers.azure.instances import tags_of, to_moment
from providers.azure.provisioning import native, unsettled
from providers.azure.regions import region_of
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.azure.client import Document


def to_snapshot(snapshot: Document) -> Resource:
    """Return a snapshot as an inventory resource; its size is that of the disk it was taken of."""
    properties = snapshot["properties"]
    return Resource(
        provider="azure",
        region=region_of(snapshot),
        kind=ResourceKind.SNAPSHOT,
        id=normal(snapshot["id"]),
        name=snapshot["name"],
        state=state_of(snapshot),
        native_state=native(snapshot),
        tags=tags_of(snapshot),
        created_at=to_moment(properties.get("timeCreated")),
        attributes={
            "description": None,
            "disk": source_of(snapshot, "/disks/"),
            "encrypted": True,  # as every managed disk
            "size_gib": properties.get("diskSizeGB"),
            "tier": "standard",
        },
    )


def state_of(snapshot: Document) -> ResourceState:
    """Return the state of a snapshot; one that is still being copied is PENDING."""
    percent = snapshot["properties"].get("completionPercent")
    if unsettled(snapshot) is None and percent is not None and percent < 100:
        return ResourceState.PENDING
    return unsettled(snapshot) or ResourceState.AVAILABLE

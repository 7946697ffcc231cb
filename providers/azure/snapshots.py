"""Snapshots of disks.

Source: https://learn.microsoft.com/en-us/rest/api/compute/snapshots
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.azure import provisioning
from providers.azure.disks import source_of
from providers.azure.fields import inner, number
from providers.azure.resources import id_of, location_of, name_of, tags_of, to_datetime
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.azure.client import Document


def to_snapshot(snapshot: Document) -> Resource:
    """Return a snapshot as an inventory resource; its size is the size of its source disk.

    Azure has no storage tiers of snapshots.
    """
    properties = inner(snapshot, "properties")
    return Resource(
        provider="azure",
        region=location_of(snapshot),
        kind=ResourceKind.SNAPSHOT,
        id=id_of(snapshot),
        name=name_of(snapshot),
        state=state_of(snapshot),
        native_state=provisioning.native(snapshot),
        tags=tags_of(snapshot),
        created_at=to_datetime(properties, "timeCreated"),
        attributes={
            "description": None,
            "disk": source_of(snapshot, "/disks/"),
            "encrypted": True,  # Azure encrypts every snapshot of a managed disk
            "size_gib": number(properties, "diskSizeGB"),
            "tier": None,
        },
    )


def state_of(snapshot: Document) -> ResourceState | None:
    """Return the state of a snapshot; PENDING while it is being copied."""
    percent = number(inner(snapshot, "properties"), "completionPercent")
    copied = percent is None or percent >= 100
    settled = ResourceState.AVAILABLE if copied else ResourceState.PENDING
    return provisioning.state_and_native(snapshot, settled)[0]

"""Images and snapshots of the project, which belong to no region.

Sources: https://cloud.google.com/compute/docs/reference/rest/v1/images and
https://cloud.google.com/compute/docs/reference/rest/v1/snapshots
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.gcp.links import ending, home_of, to_id
from providers.gcp.moments import to_moment
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.gcp.client import Answer

IMAGE_STATES: Final = {
    "PENDING": ResourceState.PENDING,
    "READY": ResourceState.AVAILABLE,
    "DELETING": ResourceState.DELETING,
    "FAILED": ResourceState.ERROR,
}
SNAPSHOT_STATES: Final = {
    "CREATING": ResourceState.PENDING,
    "UPLOADING": ResourceState.PENDING,
    "READY": ResourceState.AVAILABLE,
    "DELETING": ResourceState.DELETING,
    "FAILED": ResourceState.ERROR,
}


def to_image(region: str, image: Answer) -> Resource:
    """Return an image of the project as an inventory resource.

    Whether others may use it stands in its IAM policy, which no list tells.
    """
    home = home_of(image["selfLink"])
    native_state = image["status"]
    snapshot = image.get("sourceSnapshot")
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.IMAGE,
        id=to_id(image["selfLink"], home),
        name=image["name"],
        state=IMAGE_STATES.get(native_state, ResourceState.UPDATING),
        native_state=native_state,
        tags=image.get("labels", {}),
        created_at=to_moment(image.get("creationTimestamp")),
        attributes={
            "architecture": image.get("architecture", "").lower() or None,
            "description": image.get("description") or None,
            "platform": next((ending(one) for one in image.get("licenses", ())), None),
            "size_gib": int(image["diskSizeGb"]) if "diskSizeGb" in image else None,
            "snapshots": [to_id(snapshot, home)] if snapshot else [],
        },
    )


def to_snapshot(region: str, snapshot: Answer) -> Resource:
    """Return the snapshot of one disk as an inventory resource."""
    home = home_of(snapshot["selfLink"])
    native_state = snapshot["status"]
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.SNAPSHOT,
        id=to_id(snapshot["selfLink"], home),
        name=snapshot["name"],
        state=SNAPSHOT_STATES.get(native_state, ResourceState.UPDATING),
        native_state=native_state,
        tags=snapshot.get("labels", {}),
        created_at=to_moment(snapshot.get("creationTimestamp")),
        attributes={
            "description": snapshot.get("description") or None,
            "disk": to_id(snapshot["sourceDisk"], home) if "sourceDisk" in snapshot else None,
            "encrypted": True,
            "size_gib": int(snapshot["diskSizeGb"]) if "diskSizeGb" in snapshot else None,
            "tier": str(snapshot.get("snapshotType", "STANDARD")).lower(),
        },
    )

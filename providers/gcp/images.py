"""Images and snapshots of the project, which belong to no region.

Sources: https://cloud.google.com/compute/docs/reference/rest/v1/images and
https://cloud.google.com/compute/docs/reference/rest/v1/snapshots
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.gcp import fields
from providers.gcp.links import ending, id_in, id_of, name_of, own_link
from providers.gcp.timestamps import moment_of
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
# https://cloud.google.com/compute/docs/images/create-custom#deprecation_states: a deprecated
# image makes machines with a warning, these make none.
_UNUSABLE: Final = frozenset({"OBSOLETE", "DELETED"})


def to_image(region: str, image: Answer) -> Resource:
    """Return an image of the project as an inventory resource, deprecated ones as well.

    Whether others may use it stands in its IAM policy, which no list tells.
    """
    link = own_link(image)
    snapshot = id_in(image, "sourceSnapshot", link.project)
    deprecation = fields.text(fields.part(image, "deprecated"), "state")
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.IMAGE,
        id=id_of(link),
        name=name_of(image, link),
        state=_image_state(image, deprecation),
        native_state=fields.text(image, "status"),
        tags=fields.labels(image),
        created_at=moment_of(image, "creationTimestamp"),
        attributes={
            "architecture": architecture_of(image),
            "deprecation": deprecation.lower() if deprecation else None,
            "description": fields.text(image, "description"),
            "platform": platform_of(image),
            "size_gib": fields.number(image, "diskSizeGb"),
            "snapshots": [snapshot] if snapshot else [],
        },
    )


def _image_state(image: Answer, deprecation: str | None) -> ResourceState | None:
    native_state = fields.text(image, "status")
    if native_state is None:
        return None
    state = IMAGE_STATES.get(native_state, ResourceState.UPDATING)
    unusable = state is ResourceState.AVAILABLE and deprecation in _UNUSABLE
    return ResourceState.UNAVAILABLE if unusable else state


def to_snapshot(region: str, snapshot: Answer) -> Resource:
    """Return the snapshot of one disk as an inventory resource."""
    link = own_link(snapshot)
    native_state = fields.text(snapshot, "status")
    tier = fields.text(snapshot, "snapshotType")
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.SNAPSHOT,
        id=id_of(link),
        name=name_of(snapshot, link),
        state=SNAPSHOT_STATES.get(native_state, ResourceState.UPDATING) if native_state else None,
        native_state=native_state,
        tags=fields.labels(snapshot),
        created_at=moment_of(snapshot, "creationTimestamp"),
        attributes={
            "description": fields.text(snapshot, "description"),
            "disk": id_in(snapshot, "sourceDisk", link.project),
            "encrypted": True,
            "size_gib": fields.number(snapshot, "diskSizeGb"),
            "tier": tier.lower() if tier else None,
        },
    )


def architecture_of(thing: Answer) -> str | None:
    """Return the architecture of a disk or an image, None when it is not specified."""
    architecture = fields.text(thing, "architecture")
    if architecture in {None, "ARCHITECTURE_UNSPECIFIED"}:
        return None
    return str(architecture).lower()


def platform_of(thing: Answer) -> str | None:
    """Return the first licence of a disk or an image: Compute Engine tells the system by it."""
    licence = fields.first(fields.texts(thing, "licenses"))
    return None if licence is None else ending(licence) or None

"""Images of the project, which are global resources.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/images
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.gcp import fields
from providers.gcp.links import id_in, id_of, last_segment, name_of, self_link
from providers.gcp.timestamps import timestamp_of
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.gcp.client import JsonObject

STATES: Final = {
    "PENDING": ResourceState.PENDING,
    "READY": ResourceState.AVAILABLE,
    "DELETING": ResourceState.DELETING,
    "FAILED": ResourceState.ERROR,
}
# https://cloud.google.com/compute/docs/images/create-custom#deprecation_states: no instance can
# be created from an image in these states; one that is DEPRECATED only causes a warning.
_UNUSABLE: Final = frozenset({"OBSOLETE", "DELETED"})


def to_image(region: str, image: JsonObject) -> Resource:
    """Return an image of the project, also a deprecated one, as an inventory resource.

    Who else may use it is part of its IAM policy, which images.list does not return.
    """
    link = self_link(image)
    snapshot = id_in(image, "sourceSnapshot", link.project)
    deprecation = fields.text(fields.inner(image, "deprecated"), "state")
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.IMAGE,
        id=id_of(link),
        name=name_of(image, link),
        state=_state(image, deprecation),
        native_state=fields.text(image, "status"),
        tags=fields.labels(image),
        created_at=timestamp_of(image, "creationTimestamp"),
        attributes={
            "architecture": architecture_of(image),
            "deprecation": deprecation.lower() if deprecation else None,
            "description": fields.text(image, "description"),
            "platform": platform_of(image),
            "size_gib": fields.integer(image, "diskSizeGb"),
            "snapshots": [snapshot] if snapshot else [],
        },
    )


def _state(image: JsonObject, deprecation: str | None) -> ResourceState | None:
    native_state = fields.text(image, "status")
    if native_state is None:
        return None
    state = STATES.get(native_state, ResourceState.UPDATING)
    unusable = state is ResourceState.AVAILABLE and deprecation in _UNUSABLE
    return ResourceState.UNAVAILABLE if unusable else state


def architecture_of(resource: JsonObject) -> str | None:
    """Return the architecture of a disk or an image, None when it is not specified."""
    architecture = fields.text(resource, "architecture")
    if architecture in {None, "ARCHITECTURE_UNSPECIFIED"}:
        return None
    return str(architecture).lower()


def platform_of(resource: JsonObject) -> str | None:
    """Return the first licence of a disk or an image, which names its operating system."""
    licence = fields.first(fields.texts(resource, "licenses"))
    return None if licence is None else last_segment(licence) or None

"""The methods of images: insert, delete and getFromFamily."""

from __future__ import annotations

from skyclust_sandbox.gcp.links import read_link
from skyclust_sandbox.gcp.operations import require_ready, start_operation
from skyclust_sandbox.gcp.request_context import RequestContext, require_visible
from skyclust_sandbox.gcp.resources import (
    new_reference,
    new_resource,
    require_labels,
    with_labels,
)
from skyclust_sandbox.gcp.responses import Resource, invalid, not_found
from skyclust_sandbox.gcp.state import State

_FAMILY_PREFIX = "family/"


def insert(context: RequestContext) -> Resource:
    """Start the operation that creates an image from a disk, a snapshot or another image."""
    reference = new_reference(context, "images")
    body, state = context.body, context.state
    require_labels(body.get("labels", {}))
    source_field, source = _source(context)
    image = new_resource(state, reference, "compute#image") | body
    image |= {
        source_field: source["selfLink"],
        f"{source_field}Id": source["id"],
        "sourceType": "RAW",
        "status": "PENDING",
        "diskSizeGb": source.get("sizeGb") or source["diskSizeGb"],
        "architecture": source.get("architecture", "X86_64"),
        "storageLocations": ["eu"],
    }
    for name in ("licenses", "guestOsFeatures"):
        if name in source:
            image[name] = source[name]
    with_labels(image, body.get("labels"))
    context.project.collection("images", "global")[reference.name] = image
    state.contents[image["id"]] = state.contents.get(source["id"], "")

    def finish() -> None:
        image.update(status="READY", archiveSizeBytes=str(int(image["diskSizeGb"]) * 2**28))

    def undo() -> None:
        context.project.collection("images", "global").pop(reference.name, None)

    return start_operation(context, "insert", reference, image["id"], finish=finish, undo=undo)


def delete(context: RequestContext) -> Resource:
    """Start the operation that deletes an image."""
    reference = context.reference("images", context.path["image"])
    image = context.state.get(reference)
    require_ready(context, reference)

    def finish() -> None:
        context.project.collection("images", "global").pop(reference.name, None)

    return start_operation(context, "delete", reference, image["id"], finish=finish)


def get_from_family(context: RequestContext) -> Resource:
    """Return the newest image of a family that is not deprecated."""
    return newest_of_family(context.state, context.project.name, context.path["family"])


def newest_of_family(state: State, project_name: str, family: str) -> Resource:
    """Return the newest ready image of a family that is not deprecated.

    Raises Refused with notFound when the family has no such image.
    """
    project = state.projects.get(project_name)
    images = [
        image
        for image in (project.list_all("images") if project is not None else ())
        if image.get("family") == family
        and "deprecated" not in image
        and image["status"] == "READY"
    ]
    if not images:
        raise not_found(f"projects/{project_name}/global/images/{_FAMILY_PREFIX}{family}")
    return max(images, key=lambda image: (image["creationTimestamp"], image["id"]))


def image_from_link(state: State, project: str, text: str, field: str) -> Resource:
    """Return the image that a link names by its name or by its family.

    Raises Refused, naming the request field `field`, when the caller cannot read it.
    """
    reference = read_link(text, project, "images", field)
    require_visible(project, reference)
    if reference.name.startswith(_FAMILY_PREFIX):
        family = reference.name.removeprefix(_FAMILY_PREFIX)
        return newest_of_family(state, reference.project, family)
    return state.get(reference)


def _source(context: RequestContext) -> tuple[str, Resource]:
    """Return the body's field of the source, and the source."""
    body = context.body
    if "sourceDisk" in body:
        disk = context.resolve_link(body["sourceDisk"], "disks", "resource.sourceDisk")
        return "sourceDisk", context.state.get(disk)
    if "sourceSnapshot" in body:
        snapshot = context.resolve_link(
            body["sourceSnapshot"], "snapshots", "resource.sourceSnapshot"
        )
        return "sourceSnapshot", context.state.get(snapshot)
    if "sourceImage" in body:
        image = image_from_link(
            context.state, context.project.name, body["sourceImage"], "resource.sourceImage"
        )
        return "sourceImage", image
    raise invalid("resource.sourceDisk", "", "A source of the image has to be given.")

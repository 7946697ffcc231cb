"""Images: finding the newest of a family, making and deleting one's own."""

from __future__ import annotations

from skyclust_sandbox.gcp.links import read_link
from skyclust_sandbox.gcp.operations import begin, require_idle
from skyclust_sandbox.gcp.resources import (
    new_resource,
    require_labels,
    require_new,
    with_labels,
)
from skyclust_sandbox.gcp.responses import Resource, invalid, not_found
from skyclust_sandbox.gcp.state import Work, World, require_visible

_FAMILY = "family/"


def insert(work: Work) -> Resource:
    """Make an image of a disk, a snapshot or another image."""
    where = require_new(work, "images")
    body, world = work.body, work.world
    require_labels(body.get("labels", {}))
    source = _source(work)
    image = new_resource(world, where, "compute#image") | body
    image |= {
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
    work.project.shelf("images", "global")[where.name] = image
    world.contents[image["id"]] = world.contents.get(source["id"], "")

    def finish() -> None:
        image.update(status="READY", archiveSizeBytes=str(int(image["diskSizeGb"]) * 2**28))

    def undo() -> None:
        work.project.shelf("images", "global").pop(where.name, None)

    return begin(work, "insert", where, image["id"], finish=finish, undo=undo)


def delete(work: Work) -> Resource:
    """Delete an image."""
    where = work.reference("images", work.path["image"])
    image = work.world.get(where)
    require_idle(work, where)

    def finish() -> None:
        work.project.shelf("images", "global").pop(where.name, None)

    return begin(work, "delete", where, image["id"], finish=finish)


def get_from_family(work: Work) -> Resource:
    """Return the newest image of a family that is not deprecated."""
    return newest_of_family(work.world, work.project.name, work.path["family"])


def newest_of_family(world: World, project: str, family: str) -> Resource:
    """Return the newest image of a family; refuses a family that has none."""
    holder = world.projects.get(project)
    found = [
        image
        for image in (holder.every("images") if holder is not None else ())
        if image.get("family") == family
        and "deprecated" not in image
        and image["status"] == "READY"
    ]
    if not found:
        raise not_found(f"projects/{project}/global/images/{_FAMILY}{family}")
    return max(found, key=lambda image: (image["creationTimestamp"], image["id"]))


def image_of(world: World, project: str, text: str, field: str) -> Resource:
    """Return the image that a link names, by its own name or by its family's."""
    where = read_link(text, project, "images", field)
    require_visible(project, where)
    if where.name.startswith(_FAMILY):
        return newest_of_family(world, where.project, where.name.removeprefix(_FAMILY))
    return world.get(where)


def _source(work: Work) -> Resource:
    body = work.body
    if "sourceDisk" in body:
        disk = work.linked(body["sourceDisk"], "disks", "resource.sourceDisk")
        found = work.world.get(disk)
        body["sourceDisk"], body["sourceDiskId"] = disk.link, found["id"]
        return found
    if "sourceSnapshot" in body:
        snapshot = work.linked(body["sourceSnapshot"], "snapshots", "resource.sourceSnapshot")
        found = work.world.get(snapshot)
        body["sourceSnapshot"], body["sourceSnapshotId"] = snapshot.link, found["id"]
        return found
    if "sourceImage" in body:
        text = body["sourceImage"]
        found = image_of(work.world, work.project.name, text, "resource.sourceImage")
        body["sourceImage"], body["sourceImageId"] = found["selfLink"], found["id"]
        return found
    raise invalid("resource.sourceDisk", "", "A source of the image has to be given.")

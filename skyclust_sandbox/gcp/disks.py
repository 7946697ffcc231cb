"""Disks: made from nothing, an image or a snapshot, grown and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from skyclust_sandbox.gcp.images import image_of
from skyclust_sandbox.gcp.links import Reference, name_in, path_in, read_link, scope_link
from skyclust_sandbox.gcp.machine_types import DISK_TYPES
from skyclust_sandbox.gcp.operations import begin, require_idle
from skyclust_sandbox.gcp.quotas import disk_excess
from skyclust_sandbox.gcp.resources import (
    new_resource,
    require_labels,
    require_new,
    with_labels,
)
from skyclust_sandbox.gcp.responses import Resource, in_use, invalid
from skyclust_sandbox.gcp.state import Work, World

_LARGEST_GIB: Final = 65_536
_FROM_SOURCE: Final = ("architecture", "guestOsFeatures", "licenses")
_KEPT: Final = ("description", "provisionedIops", "provisionedThroughput", "resourcePolicies")


def insert(work: Work) -> Resource:
    """Make a disk."""
    where = require_new(work, "disks")
    body = dict(work.body)
    if "sourceImage" in work.query:
        body["sourceImage"] = work.query["sourceImage"]
    disk = new_disk(work, where, body, "resource")
    failure = work.failure or disk_excess(work.project, work.path["zone"], disk)
    put(work, where, disk)
    return begin(
        work,
        "insert",
        where,
        disk["id"],
        finish=lambda: disk.update(status="READY"),
        undo=lambda: remove(work, where),
        failure=failure,
    )


def delete(work: Work) -> Resource:
    """Delete a disk that no machine has."""
    where = work.reference("disks", work.path["disk"])
    disk = work.world.get(where)
    for user in disk.get("users", ()):
        raise in_use(where.path, path_in(user))
    require_idle(work, where)
    disk["status"] = "DELETING"

    def undo() -> None:
        disk["status"] = "READY"

    return begin(work, "delete", where, disk["id"], finish=lambda: remove(work, where), undo=undo)


def resize(work: Work) -> Resource:
    """Grow a disk; it never shrinks."""
    where = work.reference("disks", work.path["disk"])
    disk = work.world.get(where)
    size = work.body.get("sizeGb", "0")
    if int(size) <= int(disk["sizeGb"]):
        raise invalid("sizeGb", size, f"New disk size must be larger than {disk['sizeGb']} GB.")
    require_idle(work, where)

    def finish() -> None:
        disk["sizeGb"] = str(size)
        for link in disk.get("users", ()):
            _note_size(work, link, disk)

    return begin(work, "resizeDisk", where, disk["id"], finish=finish)


def new_disk(work: Work, where: Reference, body: Mapping[str, Any], named: str) -> Resource:
    """Return a disk as its body asks for it, CREATING and in no place yet.

    Links in the body may be full or partial; `named` is what refusals call the body.
    """
    require_labels(body.get("labels", {}), f"{named}.labels")
    source = _source(work, body, named)
    disk = new_resource(work.world, where, "compute#disk")
    disk |= {name: body[name] for name in _KEPT if name in body}
    disk |= {
        "status": "CREATING",
        "sizeGb": _size(body.get("sizeGb"), source, f"{named}.sizeGb"),
        "type": disk_type(work, body.get("type"), where, f"{named}.type"),
        "zone": scope_link(work.project.name, where.scope),
        "physicalBlockSizeBytes": "4096",
        "enableConfidentialCompute": False,
    }
    if source is not None:
        kind = "sourceImage" if source["kind"] == "compute#image" else "sourceSnapshot"
        disk |= {kind: source["selfLink"], f"{kind}Id": source["id"]}
        disk |= {name: source[name] for name in _FROM_SOURCE if name in source}
        work.world.contents[disk["id"]] = work.world.contents.get(source["id"], "")
    return with_labels(disk, body.get("labels"))


def disk_type(work: Work, text: str | None, where: Reference, named: str) -> str:
    """Return the link of a disk type; refuses one that there is not."""
    if text is None:
        text = Reference(work.project.name, where.scope, "diskTypes", "pd-standard").link
    found = read_link(text, work.project.name, "diskTypes", named)
    if found.name not in DISK_TYPES or found.scope != where.scope:
        what = f"Disk type with name '{found.name}' does not exist in {where.scope}."
        raise invalid(named, text, what)
    return found.link


def put(work: Work, where: Reference, disk: Resource) -> None:
    """Put a disk into its place."""
    work.project.shelf("disks", where.scope)[where.name] = disk


def remove(work: Work, where: Reference) -> None:
    """Take a disk away, and what was written on it."""
    disk = work.project.shelf("disks", where.scope).pop(where.name, None)
    if disk is not None:
        forget_content(work.world, disk)


def forget_content(world: World, disk: Resource) -> None:
    """Forget what was written on a disk."""
    world.contents.pop(disk["id"], None)


def _source(work: Work, body: Mapping[str, Any], named: str) -> Resource | None:
    project = work.project.name
    if body.get("sourceImage"):
        return image_of(work.world, project, body["sourceImage"], f"{named}.sourceImage")
    if body.get("sourceSnapshot"):
        where = read_link(body["sourceSnapshot"], project, "snapshots", f"{named}.sourceSnapshot")
        snapshot = work.world.get(where)
        require_idle(work, where)
        return snapshot
    return None


def _size(text: object, source: Resource | None, named: str) -> str:
    least = int(source["diskSizeGb"]) if source is not None else 1
    if text is None:
        return str(least if source is not None else 500)
    size = int(str(text))
    if size < least:
        what = f"Requested disk size cannot be smaller than the source's size ({least} GB)."
        raise invalid(named, text, what)
    if size > _LARGEST_GIB:
        raise invalid(named, text, f"Disk size cannot be larger than {_LARGEST_GIB} GB.")
    return str(size)


def _note_size(work: Work, instance_link: str, disk: Resource) -> None:
    scope = "zones/" + name_in(disk["zone"])
    instance = work.project.shelf("instances", scope).get(name_in(instance_link))
    for attached in instance["disks"] if instance is not None else ():
        if attached["source"] == disk["selfLink"]:
            attached["diskSizeGb"] = disk["sizeGb"]

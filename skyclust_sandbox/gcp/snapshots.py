"""Snapshots of disks."""

from __future__ import annotations

from skyclust_sandbox.gcp.links import Reference
from skyclust_sandbox.gcp.operations import begin, require_idle
from skyclust_sandbox.gcp.resources import (
    new_resource,
    require_labels,
    require_new,
    with_labels,
)
from skyclust_sandbox.gcp.responses import Resource, already_exists, invalid
from skyclust_sandbox.gcp.state import Work, World

_FROM_DISK = ("architecture", "guestOsFeatures", "licenses")


def create_of_disk(work: Work) -> Resource:
    """Take a snapshot of the disk in the path (disks.createSnapshot)."""
    disk = work.reference("disks", work.path["disk"])
    return _create(work, disk, "createSnapshot")


def insert(work: Work) -> Resource:
    """Take a snapshot of the disk in the body (snapshots.insert)."""
    text = work.body.get("sourceDisk", "")
    if not text:
        raise invalid("resource.sourceDisk", "", "A source disk is required.")
    return _create(work, work.linked(text, "disks", "resource.sourceDisk"), "insert")


def delete(work: Work) -> Resource:
    """Delete a snapshot."""
    where = work.reference("snapshots", work.path["snapshot"])
    snapshot = work.world.get(where)
    require_idle(work, where)
    snapshot["status"] = "DELETING"

    def finish() -> None:
        work.project.shelf("snapshots", "global").pop(where.name, None)
        work.world.contents.pop(snapshot["id"], None)

    def undo() -> None:
        snapshot["status"] = "READY"

    return begin(work, "delete", where, snapshot["id"], finish=finish, undo=undo)


def snapshot_of(world: World, where: Reference, disk: Resource) -> Resource:
    """Return a snapshot of a disk with what is written on it now, in no place yet."""
    snapshot = new_resource(world, where, "compute#snapshot")
    snapshot |= {
        "status": "READY",
        "sourceDisk": disk["selfLink"],
        "sourceDiskId": disk["id"],
        "diskSizeGb": disk["sizeGb"],
        "storageBytes": str(int(disk["sizeGb"]) * 2**28),
        "storageBytesStatus": "UP_TO_DATE",
        "downloadBytes": str(int(disk["sizeGb"]) * 2**27),
        "creationSizeBytes": str(int(disk["sizeGb"]) * 2**28),
        "storageLocations": ["eu"],
        "snapshotType": "STANDARD",
        "autoCreated": False,
        "enableConfidentialCompute": False,
    }
    snapshot |= {name: disk[name] for name in _FROM_DISK if name in disk}
    world.contents[snapshot["id"]] = world.contents.get(disk["id"], "")
    return snapshot


def _create(work: Work, place: Reference, kind: str) -> Resource:
    disk = work.world.get(place)
    name = require_new_name(work)
    where = Reference(work.project.name, "global", "snapshots", name)
    require_labels(work.body.get("labels", {}))
    require_idle(work, place)
    snapshot = snapshot_of(work.world, where, disk) | {"status": "CREATING"}
    if "description" in work.body:
        snapshot["description"] = work.body["description"]
    if work.body.get("snapshotType"):
        snapshot["snapshotType"] = work.body["snapshotType"]
    with_labels(snapshot, work.body.get("labels"))
    shelf = work.project.shelf("snapshots", "global")
    shelf[name] = snapshot

    def step() -> None:
        snapshot["status"] = "UPLOADING"

    def undo() -> None:
        shelf.pop(name, None)

    # The operation belongs to the disk where it was asked for there.
    target = place if kind == "createSnapshot" else where
    return begin(
        work,
        kind,
        target,
        disk["id"] if target is place else snapshot["id"],
        steps=[(0.5, step)],
        finish=lambda: snapshot.update(status="READY"),
        undo=undo,
        also=[where] if target is place else [place],
    )


def require_new_name(work: Work) -> str:
    """Return the name of a new snapshot; refuses one that is taken."""
    name = str(work.body.get("name", ""))
    if work.scope == "global":
        return require_new(work, "snapshots").name
    where = Reference(work.project.name, "global", "snapshots", name)
    if work.world.find(where) is not None:
        raise already_exists(where.path)
    return name

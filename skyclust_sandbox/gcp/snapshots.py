"""The methods of snapshots, and disks.createSnapshot."""

from __future__ import annotations

from skyclust_sandbox.gcp.links import Reference
from skyclust_sandbox.gcp.operations import require_ready, start_operation
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.resources import (
    SOURCE_FIELDS,
    new_reference,
    new_resource,
    require_labels,
    with_labels,
)
from skyclust_sandbox.gcp.responses import Resource, already_exists, invalid
from skyclust_sandbox.gcp.state import State


def create_from_disk(context: RequestContext) -> Resource:
    """Start the operation that creates a snapshot of the disk in the path."""
    disk = context.reference("disks", context.path["disk"])
    return _create(context, disk, "createSnapshot")


def insert(context: RequestContext) -> Resource:
    """Start the operation that creates a snapshot of the disk in the body."""
    link = context.body.get("sourceDisk", "")
    if not link:
        raise invalid("resource.sourceDisk", "", "A source disk is required.")
    disk = context.resolve_link(link, "disks", "resource.sourceDisk")
    return _create(context, disk, "insert")


def delete(context: RequestContext) -> Resource:
    """Start the operation that deletes a snapshot."""
    reference = context.reference("snapshots", context.path["snapshot"])
    snapshot = context.state.get(reference)
    require_ready(context, reference)
    snapshot["status"] = "DELETING"

    def finish() -> None:
        context.project.collection("snapshots", "global").pop(reference.name, None)
        context.state.contents.pop(snapshot["id"], None)

    def undo() -> None:
        snapshot["status"] = "READY"

    return start_operation(context, "delete", reference, snapshot["id"], finish=finish, undo=undo)


def new_snapshot(state: State, reference: Reference, disk: Resource) -> Resource:
    """Return a snapshot with the present content of a disk; it is not stored."""
    snapshot = new_resource(state, reference, "compute#snapshot")
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
    snapshot |= {name: disk[name] for name in SOURCE_FIELDS if name in disk}
    state.contents[snapshot["id"]] = state.contents.get(disk["id"], "")
    return snapshot


def _create(context: RequestContext, disk_reference: Reference, operation_type: str) -> Resource:
    disk = context.state.get(disk_reference)
    name = _new_name(context)
    reference = Reference(context.project.name, "global", "snapshots", name)
    require_labels(context.body.get("labels", {}))
    require_ready(context, disk_reference)
    snapshot = new_snapshot(context.state, reference, disk) | {"status": "CREATING"}
    if "description" in context.body:
        snapshot["description"] = context.body["description"]
    if context.body.get("snapshotType"):
        snapshot["snapshotType"] = context.body["snapshotType"]
    with_labels(snapshot, context.body.get("labels"))
    snapshots = context.project.collection("snapshots", "global")
    snapshots[name] = snapshot

    def upload() -> None:
        snapshot["status"] = "UPLOADING"

    def undo() -> None:
        snapshots.pop(name, None)

    # The target of disks.createSnapshot is the disk, that of snapshots.insert the snapshot.
    on_disk = operation_type == "createSnapshot"
    return start_operation(
        context,
        operation_type,
        disk_reference if on_disk else reference,
        disk["id"] if on_disk else snapshot["id"],
        steps=[(0.5, upload)],
        finish=lambda: snapshot.update(status="READY"),
        undo=undo,
        also_busy=[reference if on_disk else disk_reference],
    )


def _new_name(context: RequestContext) -> str:
    """Return the name of a new snapshot; raises Refused for the name of an existing snapshot."""
    if context.scope == "global":
        return new_reference(context, "snapshots").name
    name = str(context.body.get("name", ""))
    reference = Reference(context.project.name, "global", "snapshots", name)
    if context.state.find(reference) is not None:
        raise already_exists(reference.path)
    return name

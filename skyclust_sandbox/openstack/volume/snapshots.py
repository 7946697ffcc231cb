"""Snapshots of volumes.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#volume-snapshots-snapshots
"""

from __future__ import annotations

import uuid

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Volume, VolumeSnapshot
from skyclust_sandbox.openstack.volume.lists import answer_list
from skyclust_sandbox.openstack.volume.lookups import find_snapshot, find_volume
from skyclust_sandbox.openstack.volume.quotas import require_room
from skyclust_sandbox.openstack.volume.views import snapshot_view
from skyclust_sandbox.openstack.wire import empty, is_true, now, reply


def list_snapshots(context: Context) -> Response:
    """Return a page of snapshots."""
    path = context.request.path.partition(f"/{context.project_id}/")[2]
    found = list(context.region.snapshots.values())
    return answer_list(context, "snapshots", path, found, lambda one: snapshot_view(context, one))


def get_snapshot(context: Context) -> Response:
    """Return a snapshot; 404 when there is none, or no more."""
    return reply({"snapshot": snapshot_view(context, find_snapshot(context))})


def create_snapshot(context: Context) -> Response:
    """Begin a snapshot of a volume: 202.

    Before microversion 3.66 a volume in use has to be forced; from then on it need not, and
    must not.
    """
    asked = context.body("snapshot")
    volume = find_volume(context, str(asked.get("volume_id")))
    forced = is_true(asked.get("force", False))
    free = context.call.microversion >= (3, 66)
    if free and "force" in asked and not forced:
        raise context.refused(400, "Invalid value 'False' for invalid request parameter 'force'.")
    allowed = {"available", "in-use"} if forced or free else {"available"}
    if volume.status not in allowed:
        raise context.refused(
            400,
            f"Invalid volume: Volume {volume.id} status must be {' or '.join(sorted(allowed))},"
            f" but current status is: {volume.status}.",
        )
    require_room(context, volume.size, noun="snapshots")
    snapshot = begin_snapshot(context, volume, asked.get("name") or "")
    snapshot.description = asked.get("description")
    snapshot.metadata = dict(asked.get("metadata") or {})
    return reply({"snapshot": snapshot_view(context, snapshot)}, 202)


def begin_snapshot(context: Context, volume: Volume, name: str) -> VolumeSnapshot:
    """Begin a snapshot of what is on a volume at this moment, and return it."""
    moment = now()
    snapshot = VolumeSnapshot(
        id=str(uuid.uuid4()),
        name=name,
        project_id=volume.project_id,
        user_id=context.token.user.id,
        volume_id=volume.id,
        size=volume.size,
        created=moment,
        updated=moment,
        content=volume.content,
    )
    context.region.snapshots[snapshot.id] = snapshot

    def finish() -> None:
        snapshot.status = "available" if not context.fails else "error"
        snapshot.updated = now()

    context.later(snapshot.id, finish)
    return snapshot


def update_snapshot(context: Context) -> Response:
    """Change a snapshot's name, description or metadata and return it."""
    snapshot = find_snapshot(context)
    asked = context.body("snapshot")
    snapshot.name = asked.get("name", snapshot.name)
    snapshot.description = asked.get("description", snapshot.description)
    snapshot.metadata = dict(asked.get("metadata", snapshot.metadata))
    return reply({"snapshot": snapshot_view(context, snapshot)})


def delete_snapshot(context: Context) -> Response:
    """Begin the end of a snapshot: 202."""
    snapshot = find_snapshot(context)
    if snapshot.status not in {"available", "error"}:
        raise context.refused(
            400,
            "Invalid snapshot: Snapshot status must be available or error, and must not be part"
            " of a group.",
        )
    snapshot.status = "deleting"
    region = context.region

    def finish() -> None:
        if context.fails:
            snapshot.status = "error_deleting"
        else:
            region.snapshots.pop(snapshot.id, None)

    context.later(snapshot.id, finish)
    return empty(202)

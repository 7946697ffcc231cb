"""Snapshots of volumes.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#volume-snapshots-snapshots
"""

from __future__ import annotations

import uuid

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Volume, VolumeSnapshot
from skyclust_sandbox.openstack.volume.lists import list_reply
from skyclust_sandbox.openstack.volume.lookups import find_snapshot, find_volume
from skyclust_sandbox.openstack.volume.quotas import require_quota
from skyclust_sandbox.openstack.volume.views import snapshot_view
from skyclust_sandbox.openstack.wire import empty, is_true, now, reply


def list_snapshots(context: Context) -> Response:
    """Return a page of snapshots."""
    path = context.request.path.partition(f"/{context.project_id}/")[2]
    snapshots = list(context.region.snapshots.values())
    return list_reply(
        context, "snapshots", path, snapshots, lambda snapshot: snapshot_view(context, snapshot)
    )


def get_snapshot(context: Context) -> Response:
    """Return a snapshot; 404 when it does not exist or is deleted."""
    return reply({"snapshot": snapshot_view(context, find_snapshot(context))})


def create_snapshot(context: Context) -> Response:
    """Start a snapshot of a volume: 202.

    Before microversion 3.66 a volume in use needs `force`; since then `force` is not needed, and
    `false` is refused.
    """
    body = context.body("snapshot")
    volume = find_volume(context, str(body.get("volume_id")))
    forced = is_true(body.get("force", False))
    free = context.call.microversion >= (3, 66)
    if free and "force" in body and not forced:
        raise context.refused(400, "Invalid value 'False' for invalid request parameter 'force'.")
    allowed = {"available", "in-use"} if forced or free else {"available"}
    if volume.status not in allowed:
        raise context.refused(
            400,
            f"Invalid volume: Volume {volume.id} status must be {' or '.join(sorted(allowed))},"
            f" but current status is: {volume.status}.",
        )
    require_quota(context, volume.size, noun="snapshots")
    snapshot = begin_snapshot(context, volume, body.get("name") or "")
    snapshot.description = body.get("description")
    snapshot.metadata = dict(body.get("metadata") or {})
    return reply({"snapshot": snapshot_view(context, snapshot)}, 202)


def begin_snapshot(context: Context, volume: Volume, name: str) -> VolumeSnapshot:
    """Start a snapshot of a volume's current content and return it."""
    created = now()
    snapshot = VolumeSnapshot(
        id=str(uuid.uuid4()),
        name=name,
        project_id=volume.project_id,
        user_id=context.token.user.id,
        volume_id=volume.id,
        size=volume.size,
        created=created,
        updated=created,
        content=volume.content,
    )
    context.region.snapshots[snapshot.id] = snapshot

    def finish() -> None:
        snapshot.status = "available" if not context.fails else "error"
        snapshot.updated = now()

    context.schedule(snapshot.id, finish)
    return snapshot


def update_snapshot(context: Context) -> Response:
    """Set the name, description or metadata of a snapshot and return it."""
    snapshot = find_snapshot(context)
    body = context.body("snapshot")
    snapshot.name = body.get("name", snapshot.name)
    snapshot.description = body.get("description", snapshot.description)
    snapshot.metadata = dict(body.get("metadata", snapshot.metadata))
    return reply({"snapshot": snapshot_view(context, snapshot)})


def delete_snapshot(context: Context) -> Response:
    """Start the deletion of a snapshot: 202."""
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

    context.schedule(snapshot.id, finish)
    return empty(202)

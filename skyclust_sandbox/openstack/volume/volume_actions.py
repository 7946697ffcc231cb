"""Volume actions: extend, revert, set bootable, reset status.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#volume-actions-volumes-action
"""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context, read_json
from skyclust_sandbox.openstack.state import Volume
from skyclust_sandbox.openstack.volume.lookups import find_snapshot, find_volume
from skyclust_sandbox.openstack.volume.quotas import require_quota
from skyclust_sandbox.openstack.volume.volumes import snapshots_of
from skyclust_sandbox.openstack.wire import empty, is_true, now


def run_action(context: Context) -> Response:
    """Run the action that the only key of the body names; 400 for any other body."""
    volume = find_volume(context)
    content = read_json(context.request)
    if not isinstance(content, dict) or len(content) != 1:
        raise context.refused(400, "Malformed request body")
    [(name, details)] = content.items()
    actions = {
        "os-extend": _extend,
        "revert": _revert,
        "os-set_bootable": _set_bootable,
        "os-reset_status": _reset_status,
    }
    if name not in actions:
        raise context.refused(400, f"There is no such action: {name}")
    return actions[name](context, volume, details or {})


def _extend(context: Context, volume: Volume, details: dict[str, Any]) -> Response:
    new_size = int(details.get("new_size", 0))
    in_use_too = context.call.microversion >= (3, 42)
    if volume.status not in ({"available", "in-use"} if in_use_too else {"available"}):
        raise context.refused(
            400,
            f"Invalid volume: Volume {volume.id} status must be 'available' to extend, currently"
            f" {volume.status}.",
        )
    if new_size <= volume.size:
        raise context.refused(
            400,
            f"Invalid input received: New size for extend must be greater than current size."
            f" (current: {volume.size}, extended: {new_size}).",
        )
    require_quota(context, new_size - volume.size)
    before, volume.status = volume.status, "extending"

    def finish() -> None:
        volume.status = before if not context.fails else "error_extending"
        if volume.status == before:
            volume.size = new_size
        volume.updated = now()

    context.schedule(volume.id, finish)
    return empty(202)


def _revert(context: Context, volume: Volume, details: dict[str, Any]) -> Response:
    """Start to revert a detached volume to its latest snapshot; since 3.40."""
    if context.call.microversion < (3, 40):
        raise context.refused(400, "There is no such action: revert")
    snapshot = find_snapshot(context, str(details.get("snapshot_id")))
    latest = max(
        snapshots_of(context.region, volume), key=lambda snapshot: snapshot.created, default=None
    )
    if latest is not snapshot:
        raise context.refused(
            400, f"Invalid snapshot: Specified snapshot {snapshot.id} is not the latest one."
        )
    if volume.status != "available" or snapshot.status != "available":
        raise context.refused(
            409,
            f"Volume {volume.id} status must be available to revert, but the current status is"
            f" {volume.status}.",
            code="conflictingRequest",
        )
    volume.status, snapshot.status = "reverting", "restoring"

    def finish() -> None:
        snapshot.status = "available"
        volume.status = "available" if not context.fails else "error"
        if volume.status == "available":
            volume.content = snapshot.content
        volume.updated = now()

    context.schedule(volume.id, finish)
    return empty(202)


def _set_bootable(_context: Context, volume: Volume, details: dict[str, Any]) -> Response:
    volume.bootable = is_true(details.get("bootable", False))
    return empty(200)


def _reset_status(context: Context, volume: Volume, details: dict[str, Any]) -> Response:
    if not context.is_admin:
        message = "Policy doesn't allow volume_extension:volume_admin_actions:reset_status"
        raise context.refused(403, f"{message} to be performed.")
    context.cloud.timers.cancel(volume.id)
    volume.status = str(details.get("status", volume.status))
    return empty(202)

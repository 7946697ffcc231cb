"""Lookups of the volume or snapshot that a call names."""

from __future__ import annotations

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Volume, VolumeSnapshot


def find_volume(context: Context, volume_id: str | None = None) -> Volume:
    """Return a volume, by default that in the path.

    404 when the caller's project does not have it.
    """
    requested_id = volume_id or context.argument("volume_id")
    volume = context.region.volumes.get(requested_id)
    if volume is None or not _owns(context, volume):
        raise context.refused(404, f"Volume {requested_id} could not be found.")
    return volume


def find_snapshot(context: Context, snapshot_id: str | None = None) -> VolumeSnapshot:
    """Return a snapshot, by default that in the path.

    404 when the caller's project does not have it.
    """
    requested_id = snapshot_id or context.argument("snapshot_id")
    snapshot = context.region.snapshots.get(requested_id)
    if snapshot is None or not _owns(context, snapshot):
        raise context.refused(404, f"Snapshot {requested_id} could not be found.")
    return snapshot


def _owns(context: Context, resource: Volume | VolumeSnapshot) -> bool:
    return context.is_admin or resource.project_id == context.project_id

"""Lookups of the volume or snapshot that a call names."""

from __future__ import annotations

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Volume, VolumeSnapshot


def find_volume(context: Context, volume_id: str | None = None) -> Volume:
    """Return a volume, that of the path by itself; 404 when the caller has none of this id."""
    wanted = volume_id or context.argument("volume_id")
    volume = context.region.volumes.get(wanted)
    if volume is None or not _owns(context, volume):
        raise context.refused(404, f"Volume {wanted} could not be found.")
    return volume


def find_snapshot(context: Context, snapshot_id: str | None = None) -> VolumeSnapshot:
    """Return a snapshot, that of the path by itself; 404 when the caller has none of this id."""
    wanted = snapshot_id or context.argument("snapshot_id")
    snapshot = context.region.snapshots.get(wanted)
    if snapshot is None or not _owns(context, snapshot):
        raise context.refused(404, f"Snapshot {wanted} could not be found.")
    return snapshot


def _owns(context: Context, thing: Volume | VolumeSnapshot) -> bool:
    return context.is_admin or thing.project_id == context.project_id

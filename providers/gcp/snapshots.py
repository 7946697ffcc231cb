"""Snapshots of disks, which are global resources of the project.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/snapshots
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.gcp import fields
from providers.gcp.links import GLOBAL, id_in, id_of, name_of, self_link
from providers.gcp.timestamps import timestamp_of
from skyclust.errors import NotFound
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject

STATES: Final = {
    "CREATING": ResourceState.PENDING,
    "UPLOADING": ResourceState.PENDING,
    "READY": ResourceState.AVAILABLE,
    "DELETING": ResourceState.DELETING,
    "FAILED": ResourceState.ERROR,
}


def fetch_snapshot(clients: GcpClients, region: str, snapshot_id: str) -> JsonObject:
    """Return the snapshot of one disk as the API returns it; raises NotFound."""
    if region != GLOBAL or "/" in snapshot_id:
        raise NotFound(
            f"There is no snapshot {snapshot_id!r} in {region}.",
            hint="Snapshots are in the region `global`, and their id is their name.",
            provider="gcp",
        )
    return clients.get(f"global/snapshots/{snapshot_id}", f"read {snapshot_id}", kind="snapshot")


def to_snapshot(region: str, snapshot: JsonObject) -> Resource:
    """Return the snapshot of one disk as an inventory resource."""
    link = self_link(snapshot)
    native_state = fields.text(snapshot, "status")
    tier = fields.text(snapshot, "snapshotType")
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.SNAPSHOT,
        id=id_of(link),
        name=name_of(snapshot, link),
        state=STATES.get(native_state, ResourceState.UPDATING) if native_state else None,
        native_state=native_state,
        tags=fields.labels(snapshot),
        created_at=timestamp_of(snapshot, "creationTimestamp"),
        attributes={
            "description": fields.text(snapshot, "description"),
            "disk": id_in(snapshot, "sourceDisk", link.project),
            "encrypted": True,
            "size_gib": fields.integer(snapshot, "diskSizeGb"),
            "tier": tier.lower() if tier else None,
            "unique_id": fields.number_text(snapshot, "id"),
        },
    )

"""Snapshots of disks: snapshots of Cinder.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#volume-snapshots-snapshots
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.fields import Json, integer, required_id, text, text_pairs, timestamp
from providers.openstack.paging import get_pages
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

STATES: Final = {
    "available": ResourceState.AVAILABLE,
    "backing-up": ResourceState.AVAILABLE,
    "creating": ResourceState.PENDING,
    "deleted": ResourceState.DELETED,
    "deleting": ResourceState.DELETING,
    "error": ResourceState.ERROR,
    "error_deleting": ResourceState.ERROR,
    "restoring": ResourceState.UPDATING,
    "unmanaging": ResourceState.UPDATING,
}


def get_snapshots(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Any]]:
    """Yield the snapshots of volumes in a region, page by page."""
    return get_pages(
        clients,
        region,
        "block-storage",
        "/snapshots/detail",
        "snapshots",
        doing=f"list snapshot in {region}",
        params={"all_tenants": "1"} if clients.credential.all_projects else None,
        page_size=page_size,
    )


def get_snapshot(clients: OpenStackClients, region: str, snapshot_id: str) -> Json:
    """Return the snapshot of a volume as Cinder reports it; raises NotFound when it is unknown."""
    doing = f"read snapshot {snapshot_id} in {region}"
    path = f"/snapshots/{snapshot_id}"
    return clients.read(region, "block-storage", path, "snapshot", doing=doing)


def to_snapshot(region: str, snapshot: Json) -> Resource:
    """Return a snapshot of a volume as an inventory resource; Cinder knows no storage tiers."""
    native_state = text(snapshot, "status")
    state = STATES.get(native_state, ResourceState.UPDATING) if native_state else None
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.SNAPSHOT,
        id=required_id(snapshot),
        name=text(snapshot, "name") or "",
        state=state,
        native_state=native_state,
        tags=text_pairs(snapshot, "metadata"),
        created_at=timestamp(snapshot, "created_at"),
        attributes={
            "description": text(snapshot, "description"),
            "disk": text(snapshot, "volume_id"),
            "encrypted": None,
            "project": text(snapshot, "os-extended-snapshot-attributes:project_id"),
            "size_gib": integer(snapshot, "size"),
            "tier": None,
        },
    )

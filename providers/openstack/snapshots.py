"""Snapshots of disks: snapshots of Cinder.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#volume-snapshots-snapshots
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.instances import to_moment
from providers.openstack.pages import get_pages
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

Json = dict[str, Any]

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
) -> Iterator[Sequence[Json]]:
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


def to_snapshot(region: str, snapshot: Json) -> Resource:
    """Return a snapshot of a volume as an inventory resource."""
    native_state = str(snapshot["status"])
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.SNAPSHOT,
        id=snapshot["id"],
        name=snapshot.get("name") or "",
        state=STATES.get(native_state, ResourceState.UPDATING),
        native_state=native_state,
        tags=dict(snapshot.get("metadata") or {}),
        created_at=to_moment(snapshot.get("created_at")),
        attributes={
            "description": snapshot.get("description") or None,
            "disk": snapshot.get("volume_id"),
            "encrypted": None,
            "project": snapshot.get("os-extended-snapshot-attributes:project_id"),
            "size_gib": int(snapshot["size"]),
            "tier": "standard",
        },
    )

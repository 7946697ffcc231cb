"""Disks: volumes of Cinder.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes
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

# https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes, table of states
STATES: Final = {
    "available": ResourceState.AVAILABLE,
    "creating": ResourceState.PENDING,
    "deleting": ResourceState.DELETING,
    "error": ResourceState.ERROR,
    "error_backing-up": ResourceState.ERROR,
    "error_deleting": ResourceState.ERROR,
    "error_extending": ResourceState.ERROR,
    "error_managing": ResourceState.ERROR,
    "error_restoring": ResourceState.ERROR,
    "in-use": ResourceState.IN_USE,
}


def get_disks(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Json]]:
    """Yield the volumes of a region, page by page."""
    return get_pages(
        clients,
        region,
        "block-storage",
        "/volumes/detail",
        "volumes",
        doing=f"list disk in {region}",
        params={"all_tenants": "1"} if clients.credential.all_projects else None,
        page_size=page_size,
    )


def get_volume(clients: OpenStackClients, region: str, volume_id: str) -> Json:
    """Return one volume as Cinder shows it; raises NotFound when there is none."""
    doing = f"read disk {volume_id} in {region}"
    answer = clients.call(region, "block-storage", "GET", f"/volumes/{volume_id}", doing=doing)
    volume: Json = answer["volume"]
    return volume


def get_disk(clients: OpenStackClients, region: str, volume_id: str) -> Resource:
    """Return one volume as inventory does; raises NotFound when there is none."""
    return to_disk(region, get_volume(clients, region, volume_id))


def holders_of(volume: Json) -> list[str]:
    """Return the ids of the servers that a volume is attached to."""
    if volume["status"] in {"attaching", "reserved"}:
        return []  # promised to a server, which does not have it yet
    return sorted(str(one["server_id"]) for one in volume.get("attachments") or ())


def to_disk(region: str, volume: Json) -> Resource:
    """Return a volume as an inventory resource."""
    native_state = str(volume["status"])
    attachments = sorted(
        volume.get("attachments") or (), key=lambda one: str(one.get("device") or "")
    )
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.DISK,
        id=volume["id"],
        name=volume.get("name") or "",
        zone=volume.get("availability_zone") or None,
        state=STATES.get(native_state, ResourceState.UPDATING),
        native_state=native_state,
        tags=dict(volume.get("metadata") or {}),
        created_at=to_moment(volume.get("created_at")),
        attributes={
            "attached_to": [*holders_of(volume)],
            "bootable": str(volume.get("bootable")).lower() == "true",
            "description": volume.get("description") or None,
            "device": attachments[0].get("device") if attachments else None,
            "encrypted": bool(volume.get("encrypted", False)),
            "iops": None,
            "project": volume.get("os-vol-tenant-attr:tenant_id"),
            "size_gib": int(volume["size"]),
            "snapshot": volume.get("snapshot_id") or None,
            "throughput_mibps": None,
            "type": volume.get("volume_type"),
        },
    )

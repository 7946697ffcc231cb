"""Disks: persistent disks of a zone or of a region.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/disks
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from providers.gcp.attachments import users_of
from providers.gcp.links import ending, home_of, region_of, to_id
from providers.gcp.moments import to_moment
from skyclust.errors import NotFound
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.gcp.client import Answer, GcpClients

STATES: Final = {
    "CREATING": ResourceState.PENDING,
    "RESTORING": ResourceState.PENDING,
    "READY": ResourceState.AVAILABLE,
    "UNAVAILABLE": ResourceState.UNAVAILABLE,
    "DELETING": ResourceState.DELETING,
    "FAILED": ResourceState.ERROR,
}


def fetch_disk(clients: GcpClients, region: str, disk_id: str) -> Answer:
    """Return a disk of a zone or a region as Compute Engine writes it; raises NotFound."""
    place, separator, name = disk_id.partition("/")
    if not separator or not name or "/" in name or region_of(place) != region:
        raise NotFound(
            f"There is no disk {disk_id!r} in {region}.",
            hint="A disk's id is ZONE/NAME, as the inventory shows it.",
            provider="gcp",
        )
    places = "regions" if place == region else "zones"
    return clients.read(f"{places}/{place}/disks/{name}", f"read disk {disk_id} in {region}")


def get_disk(clients: GcpClients, region: str, disk_id: str) -> Resource:
    """Return a disk as inventory does, now; raises NotFound when there is none."""
    disk = fetch_disk(clients, region, disk_id)
    return to_disk(region, disk, users_of(clients, disk))


def to_disk(region: str, disk: Answer, attached_to: Sequence[str]) -> Resource:
    """Return a disk as an inventory resource; Compute Engine encrypts every disk.

    Which device a disk is at its instance is told by the instance alone.
    """
    home = home_of(disk["selfLink"])
    native_state = disk["status"]
    state = STATES.get(native_state, ResourceState.UPDATING)
    if state is ResourceState.AVAILABLE and attached_to:
        state = ResourceState.IN_USE
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.DISK,
        id=to_id(disk["selfLink"], home),
        name=disk["name"],
        zone=ending(disk["zone"]) if "zone" in disk else None,
        state=state,
        native_state=native_state,
        tags=disk.get("labels", {}),
        created_at=to_moment(disk.get("creationTimestamp")),
        attributes={
            "attached_to": [*attached_to],
            "encrypted": True,
            "iops": _number(disk.get("provisionedIops")),
            "size_gib": _number(disk.get("sizeGb")),
            "snapshot": to_id(disk["sourceSnapshot"], home) if "sourceSnapshot" in disk else None,
            "throughput_mibps": _number(disk.get("provisionedThroughput")),
            "type": ending(disk.get("type", "")) or None,
        },
    )


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)

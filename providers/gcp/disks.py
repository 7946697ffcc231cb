"""Disks: persistent disks of a zone or of a region.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/disks
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from providers.gcp import fields
from providers.gcp.links import ending_in, id_in, id_of, name_of, own_link, region_of
from providers.gcp.resource_users import users_of
from providers.gcp.timestamps import moment_of
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
    doing = f"read disk {disk_id} in {region}"
    return clients.read(f"{places}/{place}/disks/{name}", doing, kind="disk")


def get_disk(clients: GcpClients, region: str, disk_id: str) -> Resource:
    """Return a disk as inventory does, now; raises NotFound when there is none."""
    disk = fetch_disk(clients, region, disk_id)
    return to_disk(region, disk, users_of(clients, disk))


def to_disk(region: str, disk: Answer, attached_to: Sequence[str]) -> Resource:
    """Return a disk as an inventory resource; Compute Engine encrypts every disk.

    Which device a disk is at its instance is told by the instance alone.
    """
    link = own_link(disk)
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.DISK,
        id=id_of(link),
        name=name_of(disk, link),
        zone=None if region_of(link.place) == link.place else link.place,
        state=_state(disk),
        native_state=fields.text(disk, "status"),
        tags=fields.labels(disk),
        created_at=moment_of(disk, "creationTimestamp"),
        attributes={
            "attached_to": [*attached_to],
            "encrypted": True,
            "iops": fields.number(disk, "provisionedIops"),
            "size_gib": fields.number(disk, "sizeGb"),
            "snapshot": id_in(disk, "sourceSnapshot", link.project),
            "throughput_mibps": fields.number(disk, "provisionedThroughput"),
            "type": ending_in(disk, "type"),
        },
    )


def _state(disk: Answer) -> ResourceState | None:
    native_state = fields.text(disk, "status")
    if native_state is None:
        return None
    state = STATES.get(native_state, ResourceState.UPDATING)
    # Also a disk whose user could not be told by its number is in use.
    in_use = state is ResourceState.AVAILABLE and fields.texts(disk, "users")
    return ResourceState.IN_USE if in_use else state

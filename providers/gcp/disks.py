"""Persistent disks and hyperdisks, zonal and regional.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/disks
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from providers.gcp import fields
from providers.gcp.links import id_in, id_of, last_segment_in, name_of, region_of, self_link
from providers.gcp.timestamps import timestamp_of
from skyclust.errors import NotFound
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject

STATES: Final = {
    "CREATING": ResourceState.PENDING,
    "RESTORING": ResourceState.PENDING,
    "READY": ResourceState.AVAILABLE,
    "UNAVAILABLE": ResourceState.UNAVAILABLE,
    "DELETING": ResourceState.DELETING,
    "FAILED": ResourceState.ERROR,
}


def fetch_disk(clients: GcpClients, region: str, disk_id: str) -> JsonObject:
    """Return a zonal or regional disk as the API returns it; raises NotFound."""
    location, separator, name = disk_id.partition("/")
    if not separator or not name or "/" in name or region_of(location) != region:
        raise NotFound(
            f"There is no disk {disk_id!r} in {region}.",
            hint="A disk's id is ZONE/NAME, as the inventory shows it.",
            provider="gcp",
        )
    scope = "regions" if location == region else "zones"
    doing = f"read disk {disk_id} in {region}"
    return clients.get(f"{scope}/{location}/disks/{name}", doing, kind="disk")


def to_disk(region: str, disk: JsonObject, attached_to: Sequence[str]) -> Resource:
    """Return a disk as an inventory resource; Compute Engine encrypts every disk.

    `attached_to` are the ids of its users. The device name is a field of the instance only.
    """
    link = self_link(disk)
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.DISK,
        id=id_of(link),
        name=name_of(disk, link),
        zone=None if region_of(link.location) == link.location else link.location,
        state=_state(disk),
        native_state=fields.text(disk, "status"),
        tags=fields.labels(disk),
        created_at=timestamp_of(disk, "creationTimestamp"),
        attributes={
            "attached_to": [*attached_to],
            "encrypted": True,
            "iops": fields.integer(disk, "provisionedIops"),
            "size_gib": fields.integer(disk, "sizeGb"),
            "snapshot": id_in(disk, "sourceSnapshot", link.project),
            "throughput_mibps": fields.integer(disk, "provisionedThroughput"),
            "type": last_segment_in(disk, "type"),
            "unique_id": fields.number_text(disk, "id"),
        },
    )


def _state(disk: JsonObject) -> ResourceState | None:
    native_state = fields.text(disk, "status")
    if native_state is None:
        return None
    state = STATES.get(native_state, ResourceState.UPDATING)
    # A disk is also in use when the numeric id of its user could not be determined.
    has_users = state is ResourceState.AVAILABLE and fields.texts(disk, "users")
    return ResourceState.IN_USE if has_users else state

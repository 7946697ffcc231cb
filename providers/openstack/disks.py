"""Disks: volumes of Cinder.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.fields import (
    Json,
    flag,
    integer,
    objects,
    required_id,
    required_text,
    text,
    text_pairs,
    timestamp,
)
from providers.openstack.paging import get_pages
from skyclust.errors import UnexpectedAnswer
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

# https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes, table of states
STATES: Final = {
    "available": ResourceState.AVAILABLE,
    "creating": ResourceState.PENDING,
    "deleting": ResourceState.DELETING,
    "in-use": ResourceState.IN_USE,
    "maintenance": ResourceState.UNAVAILABLE,
}


def get_disks(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Any]]:
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
    """Return one volume as Cinder reports it; raises NotFound when it does not exist."""
    doing = f"read disk {volume_id} in {region}"
    volume = clients.read(region, "block-storage", f"/volumes/{volume_id}", "volume", doing=doing)
    required_id(volume)
    required_text(volume, "status")
    return volume


def attached_servers(volume: Json) -> list[str] | None:
    """Return the ids of the servers that a volume is attached to, None where it is unknown.

    An attachment to a host of the cloud has no server.
    """
    if text(volume, "status") in {"attaching", "reserved"}:
        return []  # reserved for a server that does not have it yet
    attachments = objects(volume, "attachments")
    if attachments is None:
        return None
    return sorted(one for each in attachments if (one := text(each, "server_id")))


def require_attachments(volume: Json) -> list[str]:
    """Return the ids of the servers that a volume is attached to.

    Raises UnexpectedAnswer where Cinder does not report them: the volume must not be changed then.
    """
    servers = attached_servers(volume)
    if servers is None:
        raise UnexpectedAnswer(
            f"Disk {volume['id']} was reported without its attachments.", provider="openstack"
        )
    return servers


def to_disk(region: str, volume: Json) -> Resource:
    """Return a volume as an inventory resource."""
    native_state = text(volume, "status")
    servers = attached_servers(volume)
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.DISK,
        id=required_id(volume),
        name=text(volume, "name") or "",
        zone=text(volume, "availability_zone"),
        state=to_disk_state(native_state),
        native_state=native_state,
        tags=text_pairs(volume, "metadata"),
        created_at=timestamp(volume, "created_at"),
        attributes={
            "attached_to": None if servers is None else [*servers],
            "bootable": flag(volume, "bootable"),
            "description": text(volume, "description"),
            "device": _device(volume),
            "encrypted": flag(volume, "encrypted"),
            "iops": None,
            "project": text(volume, "os-vol-tenant-attr:tenant_id"),
            "size_gib": integer(volume, "size"),
            "snapshot": text(volume, "snapshot_id"),
            "throughput_mibps": None,
            "type": text(volume, "volume_type"),
        },
    )


def _device(volume: Json) -> str | None:
    """Return the device of a volume at the first of its servers, or at the host that has it."""
    attachments = objects(volume, "attachments") or []
    first = min(attachments, key=lambda one: text(one, "server_id") or "~", default={})
    return text(first, "device")


def to_disk_state(native_state: str | None) -> ResourceState | None:
    """Return the state of a volume; every status that begins with error is ERROR."""
    if native_state is None:
        return None
    if native_state.startswith("error"):
        return ResourceState.ERROR
    return STATES.get(native_state, ResourceState.UPDATING)

"""Disks: volumes of Cinder.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.fields import (
    Json,
    boolean,
    integer,
    moment,
    objects,
    pairs,
    required_id,
    required_text,
    text,
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
    """Return one volume as Cinder shows it; raises NotFound when there is none."""
    doing = f"read disk {volume_id} in {region}"
    volume = clients.read(region, "block-storage", f"/volumes/{volume_id}", "volume", doing=doing)
    required_id(volume)
    required_text(volume, "status")
    return volume


def get_disk(clients: OpenStackClients, region: str, volume_id: str) -> Resource:
    """Return one volume as inventory does; raises NotFound when there is none."""
    return to_disk(region, get_volume(clients, region, volume_id))


def holders_of(volume: Json) -> list[str] | None:
    """Return the ids of the servers that a volume is attached to, None where it is not told.

    An attachment may be to a host of the cloud, and to no server.
    """
    if text(volume, "status") in {"attaching", "reserved"}:
        return []  # promised to a server, which does not have it yet
    attachments = objects(volume, "attachments")
    if attachments is None:
        return None
    return sorted(one for each in attachments if (one := text(each, "server_id")))


def known_holders(volume: Json) -> list[str]:
    """Return the ids of the servers that a volume is attached to.

    Raises UnexpectedAnswer where Cinder does not tell: nothing may be done with it then.
    """
    holders = holders_of(volume)
    if holders is None:
        raise UnexpectedAnswer(
            f"Disk {volume['id']} is shown without its attachments.", provider="openstack"
        )
    return holders


def to_disk(region: str, volume: Json) -> Resource:
    """Return a volume as an inventory resource."""
    native_state = text(volume, "status")
    holders = holders_of(volume)
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.DISK,
        id=required_id(volume),
        name=text(volume, "name") or "",
        zone=text(volume, "availability_zone"),
        state=to_disk_state(native_state),
        native_state=native_state,
        tags=pairs(volume, "metadata"),
        created_at=moment(volume, "created_at"),
        attributes={
            "attached_to": None if holders is None else [*holders],
            "bootable": boolean(volume, "bootable"),
            "description": text(volume, "description"),
            "device": _device(volume),
            "encrypted": boolean(volume, "encrypted"),
            "iops": None,
            "project": text(volume, "os-vol-tenant-attr:tenant_id"),
            "size_gib": integer(volume, "size"),
            "snapshot": text(volume, "snapshot_id"),
            "throughput_mibps": None,
            "type": text(volume, "volume_type"),
        },
    )


def _device(volume: Json) -> str | None:
    """Return where the first of its servers has a volume, or the host that has it."""
    attachments = objects(volume, "attachments") or []
    first = min(attachments, key=lambda one: text(one, "server_id") or "~", default={})
    return text(first, "device")


def to_disk_state(native_state: str | None) -> ResourceState | None:
    """Return the state of a volume; every status that begins with error is one."""
    if native_state is None:
        return None
    if native_state.startswith("error"):
        return ResourceState.ERROR
    return STATES.get(native_state, ResourceState.UPDATING)

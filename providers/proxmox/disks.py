"""Disks: volumes of the storages, and which machine has each in which drive.

A volume belongs to the machine whose number is in its name, and goes with it. It may be in a
drive of another one; then it stays when that one goes.
Source: https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/storage/{storage}/content
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.drives import GIB, disk_id, drives
from providers.proxmox.machines import get_pages, get_places
from providers.proxmox.storages import Storage, get_storages
from skyclust.errors import NotFound
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

CONTENT: Final = frozenset({"images", "rootdir"})

Holders = Mapping[str, tuple[str, str]]
"""Disk -> the machine that has it in a drive, and the drive."""


def get_disks(
    connections: ProxmoxConnections, region: str, page_size: int
) -> Iterator[Sequence[Resource]]:
    """Yield the disks of a cluster, storage by storage: Proxmox VE lists a whole storage."""
    del page_size
    doing = f"list disks in {region}"
    holders = get_holders(connections, doing)
    for storage in get_storages(connections, set(CONTENT), doing):
        held = _volumes(connections, storage, doing)
        yield [to_disk(region, storage, volume, holders) for volume in held]


def get_holders(connections: ProxmoxConnections, doing: str) -> dict[str, tuple[str, str]]:
    """Return which machine or template has which disk, from all their configurations."""
    found: dict[str, tuple[str, str]] = {}
    places = get_places(connections, doing)
    for page in get_pages(connections, places, len(places) or 1, doing):
        for machine in page:
            for drive in drives(machine.config):
                key = disk_id(drive.volume, machine.place.node, machine.shared)
                found[key] = (str(machine.vmid), drive.slot)
    return found


def _volumes(
    connections: ProxmoxConnections, storage: Storage, doing: str
) -> list[Mapping[str, Any]]:
    held = connections.get(storage.path, doing)
    disks = [one for one in held if one["content"] in CONTENT and not _is_cloudinit(one)]
    return sorted(disks, key=lambda one: str(one["volid"]))


def _is_cloudinit(volume: Mapping[str, Any]) -> bool:
    return str(volume["volid"]).partition(".")[0].endswith("-cloudinit")


def find_volume(
    connections: ProxmoxConnections, disk: str, doing: str
) -> tuple[Storage, Mapping[str, Any]]:
    """Return a volume and its storage by the disk's id; raises NotFound when there is none."""
    place, _, rest = disk.partition(":")
    node, _, name = place.rpartition("/")
    volume = f"{name}:{rest}"
    for storage in get_storages(connections, set(CONTENT), doing, name=name):
        if node != ("" if storage.shared else storage.node):
            continue
        for one in _volumes(connections, storage, doing):
            if one["volid"] == volume:
                return storage, one
    raise NotFound(f"Could not {doing}: there is no disk {disk!r}.", provider="proxmox")


def get_disk(connections: ProxmoxConnections, region: str, disk: str) -> Resource:
    """Return a disk as inventory does; raises NotFound when there is none."""
    doing = f"read disk {disk} in {region}"
    storage, volume = find_volume(connections, disk, doing)
    return to_disk(region, storage, volume, get_holders(connections, doing))


def to_disk(region: str, storage: Storage, volume: Mapping[str, Any], holders: Holders) -> Resource:
    """Return a volume as an inventory resource."""
    volid = str(volume["volid"])
    shared = frozenset({storage.name} if storage.shared else ())
    key = disk_id(volid, storage.node, shared)
    machine, slot = holders.get(key, (None, None))
    ctime = volume.get("ctime")
    return Resource(
        provider="proxmox",
        region=region,
        kind=ResourceKind.DISK,
        id=key,
        name=volid.partition(":")[2],
        zone=None if storage.shared else storage.node,
        state=ResourceState.IN_USE if machine else ResourceState.AVAILABLE,
        native_state="used" if machine else "unused",
        created_at=datetime.fromtimestamp(int(ctime), UTC) if ctime else None,
        attributes={
            "attached_to": [machine] if machine else [],
            "device": slot,
            "encrypted": None,
            "owner": str(volume["vmid"]) if volume.get("vmid") else None,
            "size_gib": round(int(volume.get("size", 0)) / GIB, 3),
            "snapshot": None,
            "storage": storage.name,
            "type": storage.type,
        },
    )

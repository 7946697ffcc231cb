"""Disks: volumes of the storages, and the guests that have them in a drive.

A volume is owned by the guest whose VMID is in its name, and is deleted with it. It may be in a
drive of another guest, and is not deleted with that one. A volume whose guest does not exist any
more is owned by nobody.
Source: https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/storage/{storage}/content
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.cluster_guests import get_cluster_guests, get_pages
from providers.proxmox.drives import GIB, drives, to_disk_id
from providers.proxmox.fields import missing, required_text, to_integer, to_time
from providers.proxmox.guest_lists import LOWEST_VMID, is_taken
from providers.proxmox.guests import Reading
from providers.proxmox.storages import Storage, get_storages
from skyclust.errors import NotFound, UnexpectedAnswer
from skyclust.model.resource import Resource, ResourceKind, ResourceState
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

CONTENT: Final = frozenset({"images", "rootdir"})
"""The kinds of content that are disks of VMs and of containers."""


@dataclass(frozen=True)
class Holders:
    """Which guests and templates have a disk in a drive: VMID and slot.

    Several guests may share a disk, for example the members of a database cluster. `guests` are
    the VMIDs of all guests that the credential may see, `unread` of those whose drives could not
    be read: the disks that they own may be in use. `absent` are VMIDs that no guest has, although
    a disk is named by them.
    """

    by_disk: Mapping[str, Sequence[tuple[int, str]]] = field(default_factory=dict)
    unread: frozenset[int] = frozenset()
    guests: frozenset[int] = frozenset()
    absent: frozenset[int] = frozenset()

    def of(self, disk: str) -> list[tuple[int, str]]:
        """Return the VMID and slot of each guest that has a disk, by VMID."""
        return sorted(self.by_disk.get(disk, ()))


def get_disks(clients: ProxmoxClients, region: str, page_size: int) -> Iterator[Sequence[Resource]]:
    """Yield the disks of a cluster, one page for each storage: Proxmox VE lists a whole storage."""
    del page_size
    doing = f"list disks in {region}"
    reader = ItemReader("proxmox", f"disks of {region}")
    holders = get_holders(clients, region, doing, reader)
    storages = get_storages(clients, set(CONTENT), doing, reader=reader, region=region)
    for storage in storages:
        volumes = clients.get_list(storage.path, doing)
        holders = with_absent_owners(clients, holders, volumes, doing)
        disks = reader.read(volumes, _disk_reader(region, storage, holders), region=region)
        yield sorted(disks, key=lambda disk: disk.id)
    reader.finish()


def _disk_reader(
    region: str, storage: Storage, holders: Holders
) -> Callable[[Any], Resource | None]:
    def to_record(volume: Any) -> Resource | None:
        return to_disk(region, storage, volume, holders) if is_disk(volume) else None

    return to_record


def get_holders(
    clients: ProxmoxClients, region: str, doing: str, reader: ItemReader | None = None
) -> Holders:
    """Return the holders of all disks, from the configurations of all guests and templates.

    `reader` collects the guests that cannot be read; without a reader they raise IncompleteList.
    """
    items = reader or ItemReader("proxmox", f"guests of {region}")
    cluster = get_cluster_guests(clients, region, doing, items)
    by_disk: dict[str, list[tuple[int, str]]] = {}
    unread = set[int]()
    for page in get_pages(clients, cluster, cluster.locations, len(cluster.locations) or 1, doing):
        read = items.read(
            page, Reading.guest, region=region, name=lambda reading: reading.location.label
        )
        unread |= {reading.location.vmid for reading in page} - {guest.vmid for guest in read}
        for guest in read:
            for drive in drives(guest.config):
                key = to_disk_id(drive.volume, guest.location.node, guest.shared)
                by_disk.setdefault(key, []).append((guest.vmid, drive.slot))
    if reader is None:
        items.finish()
    return Holders(
        by_disk,
        frozenset(unread),
        frozenset(location.vmid for location in cluster.locations),
    )


def with_absent_owners(
    clients: ProxmoxClients, holders: Holders, volumes: Sequence[Any], doing: str
) -> Holders:
    """Return the holders, with those owners of volumes that are no guest any more as `absent`.

    A guest that the credential may not see is a guest: Proxmox VE reports its VMID as taken.
    """
    named = {to_integer(each.get("vmid")) for each in volumes if isinstance(each, Mapping)}
    unknown = sorted(
        vmid for vmid in named - holders.guests - holders.absent if vmid and vmid >= LOWEST_VMID
    )
    absent = {vmid for vmid in unknown if not is_taken(clients, vmid, doing)}
    return replace(holders, absent=holders.absent | absent)


def read_disk(clients: ProxmoxClients, region: str, disk: str, doing: str) -> Resource:
    """Return a disk as an inventory resource; raises NotFound when it does not exist."""
    storage, volume = find_volume(clients, disk, doing)
    holders = get_holders(clients, region, doing)
    return to_disk(region, storage, volume, with_absent_owners(clients, holders, [volume], doing))


def is_disk(volume: Any) -> bool:
    """Return whether a volume is a disk; the small volume that cloud-init reads is not.

    Raises UnexpectedAnswer for a volume without an id or a content.
    """
    if not isinstance(volume, Mapping):
        raise missing("volid")
    volid = required_text(volume, "volid")
    return required_text(volume, "content") in CONTENT and not _is_cloudinit(volid)


def _is_cloudinit(volid: str) -> bool:
    return volid.partition(".")[0].endswith("-cloudinit")


def find_volume(
    clients: ProxmoxClients, disk: str, doing: str
) -> tuple[Storage, Mapping[str, Any]]:
    """Return a disk's volume and its storage; raises NotFound when the disk does not exist."""
    prefix, _, rest = disk.partition(":")
    node, _, name = prefix.rpartition("/")
    volid = f"{name}:{rest}"
    for storage in get_storages(clients, set(CONTENT), doing, name=name):
        if node != ("" if storage.shared else storage.node):
            continue
        for volume in clients.get_list(storage.path, doing):
            if not isinstance(volume, Mapping) or volume.get("volid") != volid:
                continue
            if is_disk(volume):
                return storage, volume
    raise NotFound(f"Could not {doing}: disk {disk!r} does not exist.", provider="proxmox")


def to_disk(region: str, storage: Storage, volume: Mapping[str, Any], holders: Holders) -> Resource:
    """Return a volume as an inventory resource.

    Raises UnexpectedAnswer when it is unknown whether a guest has it.
    """
    volid = required_text(volume, "volid")
    shared = frozenset({storage.name} if storage.shared else ())
    key = to_disk_id(volid, storage.node, shared)
    held = holders.of(key)
    owner = to_integer(volume.get("vmid"))
    if not held and owner in holders.unread:
        raise UnexpectedAnswer(
            f"The guest {owner} that owns it cannot be read.", provider="proxmox"
        )
    size = to_integer(volume.get("size"))
    return Resource(
        provider="proxmox",
        region=region,
        kind=ResourceKind.DISK,
        id=key,
        name=volid.partition(":")[2],
        zone=None if storage.shared else storage.node,
        state=ResourceState.IN_USE if held else ResourceState.AVAILABLE,
        native_state="used" if held else "unused",
        created_at=to_time(volume.get("ctime")),
        attributes={
            "attached_to": [str(guest) for guest in dict(held)],
            "device": held[0][1] if held else None,
            "encrypted": None,
            "owner": None if owner is None or owner in holders.absent else str(owner),
            "size_gib": round(size / GIB, 3) if size is not None else None,
            "snapshot": None,
            "storage": storage.name,
            "type": storage.type,
        },
    )

"""Disks: volumes of the storages, and which machine has each in which drive.

A volume belongs to the machine whose number is in its name, and goes with it. It may be in a
drive of another one; then it stays when that one goes.
Source: https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/storage/{storage}/content
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.cluster_guests import get_pages, survey
from providers.proxmox.drives import GIB, disk_id, drives
from providers.proxmox.fields import missing, required_text, to_integer, to_time
from providers.proxmox.guests import Reading
from providers.proxmox.storages import Storage, get_storages
from skyclust.errors import NotFound, UnexpectedAnswer
from skyclust.model.resource import Resource, ResourceKind, ResourceState
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

CONTENT: Final = frozenset({"images", "rootdir"})


@dataclass(frozen=True)
class Holders:
    """Which machines and templates have a disk in a drive: the machine's number, and the drive.

    Several may have one, as the members of a cluster of machines do. `unread` are the numbers of
    the machines whose drives could not be read: what belongs to them may be in use.
    """

    by_disk: Mapping[str, Sequence[tuple[int, str]]] = field(default_factory=dict)
    unread: frozenset[int] = frozenset()

    def of(self, disk: str) -> list[tuple[int, str]]:
        """Return the machines that have a disk, by number, and the drive at each."""
        return sorted(self.by_disk.get(disk, ()))


def get_disks(
    connections: ProxmoxConnections, region: str, page_size: int
) -> Iterator[Sequence[Resource]]:
    """Yield the disks of a cluster, storage by storage: Proxmox VE lists a whole storage."""
    del page_size
    doing = f"list disks in {region}"
    reader = ItemReader("proxmox", f"disks of {region}")
    holders = get_holders(connections, region, doing, reader)
    storages = get_storages(connections, set(CONTENT), doing, reader=reader, region=region)
    for storage in storages:
        held = connections.get_list(storage.path, doing)
        found = reader.read(held, _disk_reader(region, storage, holders), region=region)
        yield sorted(found, key=lambda disk: disk.id)
    reader.finish()


def _disk_reader(
    region: str, storage: Storage, holders: Holders
) -> Callable[[Any], Resource | None]:
    def to_record(volume: Any) -> Resource | None:
        return to_disk(region, storage, volume, holders) if is_disk(volume) else None

    return to_record


def get_holders(
    connections: ProxmoxConnections, region: str, doing: str, reader: ItemReader | None = None
) -> Holders:
    """Return which machine or template has which disk, from all their configurations.

    `reader` remembers the machines that cannot be read; without one they raise.
    """
    items = reader or ItemReader("proxmox", f"machines of {region}")
    cluster = survey(connections, region, doing, items)
    found: dict[str, list[tuple[int, str]]] = {}
    unread = set[int]()
    for page in get_pages(connections, cluster, cluster.places, len(cluster.places) or 1, doing):
        read = items.read(page, Reading.machine, region=region, name=lambda one: one.place.word)
        unread |= {one.place.vmid for one in page} - {machine.vmid for machine in read}
        for machine in read:
            for drive in drives(machine.config):
                key = disk_id(drive.volume, machine.place.node, machine.shared)
                found.setdefault(key, []).append((machine.vmid, drive.slot))
    if reader is None:
        items.finish()
    return Holders(found, frozenset(unread))


def is_disk(volume: Any) -> bool:
    """Return whether a volume is a disk; raises UnexpectedAnswer when it does not tell.

    The small drive that cloud-init reads is none.
    """
    if not isinstance(volume, Mapping):
        raise missing("volid")
    volid = required_text(volume, "volid")
    return required_text(volume, "content") in CONTENT and not _is_cloudinit(volid)


def _is_cloudinit(volid: str) -> bool:
    return volid.partition(".")[0].endswith("-cloudinit")


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
        for one in connections.get_list(storage.path, doing):
            if isinstance(one, Mapping) and one.get("volid") == volume and is_disk(one):
                return storage, one
    raise NotFound(f"Could not {doing}: there is no disk {disk!r}.", provider="proxmox")


def get_disk(connections: ProxmoxConnections, region: str, disk: str) -> Resource:
    """Return a disk as inventory does; raises NotFound when there is none."""
    doing = f"read disk {disk} in {region}"
    storage, volume = find_volume(connections, disk, doing)
    return to_disk(region, storage, volume, get_holders(connections, region, doing))


def to_disk(region: str, storage: Storage, volume: Mapping[str, Any], holders: Holders) -> Resource:
    """Return a volume as an inventory resource.

    Raises UnexpectedAnswer where it cannot be told whether a machine has it.
    """
    volid = required_text(volume, "volid")
    shared = frozenset({storage.name} if storage.shared else ())
    key = disk_id(volid, storage.node, shared)
    held = holders.of(key)
    owner = to_integer(volume.get("vmid"))
    if not held and owner in holders.unread:
        raise UnexpectedAnswer(
            f"The machine {owner} that it belongs to cannot be read.", provider="proxmox"
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
            "attached_to": [str(machine) for machine in dict(held)],
            "device": held[0][1] if held else None,
            "encrypted": None,
            "owner": str(owner) if owner is not None else None,
            "size_gib": round(size / GIB, 3) if size is not None else None,
            "snapshot": None,
            "storage": storage.name,
            "type": storage.type,
        },
    )

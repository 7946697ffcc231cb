"""Snapshots of guests, in inventory.

Source: https://pve.proxmox.com/wiki/Live_Snapshots
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.cluster_guests import get_cluster_guests
from providers.proxmox.fields import missing, required_text, to_text, to_time
from providers.proxmox.guest_lookup import read_at_location
from providers.proxmox.guest_records import Location
from providers.proxmox.guests import READERS
from providers.proxmox.notes import read_metadata
from skyclust.errors import NotFound, UnexpectedAnswer
from skyclust.model.resource import Resource, ResourceKind, ResourceState
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

# https://git.proxmox.com/?p=pve-guest-common.git;a=blob;f=src/PVE/AbstractConfig.pm, snapstate
STATES: Final = {
    "": SnapshotState.AVAILABLE,
    "prepare": SnapshotState.PENDING,
    "delete": SnapshotState.DELETING,
}
_RESOURCE_STATES: Final = {
    SnapshotState.AVAILABLE: ResourceState.AVAILABLE,
    SnapshotState.PENDING: ResourceState.PENDING,
    SnapshotState.DELETING: ResourceState.DELETING,
    SnapshotState.ERROR: ResourceState.ERROR,
}


def get_snapshots(
    clients: ProxmoxClients, region: str, page_size: int
) -> Iterator[Sequence[Resource]]:
    """Yield the snapshots of all guests; a page has the snapshots of `page_size` guests."""
    doing = f"list snapshots in {region}"
    reader = ItemReader("proxmox", f"snapshots of {region}")
    cluster = get_cluster_guests(clients, region, doing, reader)
    locations = [location for location in cluster.locations if not location.template]

    def read(location: Location) -> tuple[Location, list[Any]]:
        """Return a guest's location and snapshots; an UnexpectedAnswer becomes the only item."""
        listing = _listing(clients, doing)
        try:
            return listing(location)
        except NotFound:
            return read_at_location(clients, location.vmid, doing, listing) or (location, [])
        except UnexpectedAnswer as error:
            return location, [error]

    with ThreadPoolExecutor(READERS, thread_name_prefix="proxmox") as pool:
        for start in range(0, len(locations), page_size):
            page: list[Resource] = []
            for location, items in pool.map(read, locations[start : start + page_size]):
                to_record, name = snapshot_reader(region, location), _namer(location)
                snapshots = reader.read(items, to_record, region=region, name=name)
                page += [to_resource(snapshot) for snapshot in oldest_first(snapshots)]
            yield page
    reader.finish()


def _listing(
    clients: ProxmoxClients, doing: str
) -> Callable[[Location], tuple[Location, list[Any]]]:
    return lambda location: (location, clients.get_list(f"{location.path}/snapshot", doing))


def _namer(location: Location) -> Callable[[Any], str]:
    def name(item: Any) -> str:
        snapname = to_text(item.get("name")) if isinstance(item, Mapping) else None
        return f"{location.vmid}/{snapname or 'a snapshot without a name'}"

    return name


def snapshot_reader(region: str, location: Location) -> Callable[[Any], InstanceSnapshot | None]:
    """Return the function that converts an item of a guest's snapshot list.

    The function returns None for `current`, the state of the guest that is not a snapshot.
    """

    def to_record(item: Any) -> InstanceSnapshot | None:
        if isinstance(item, UnexpectedAnswer):
            raise item
        if not isinstance(item, Mapping):
            raise missing("name")
        return to_snapshot(region, location, item) if item.get("name") != "current" else None

    return to_record


def oldest_first(snapshots: Sequence[InstanceSnapshot]) -> list[InstanceSnapshot]:
    """Return snapshots by creation time; those without one come first."""
    earliest = datetime.min.replace(tzinfo=UTC)
    return sorted(snapshots, key=lambda s: (s.created_at or earliest, s.id))


def to_snapshot(region: str, location: Location, snapshot: Mapping[str, Any]) -> InstanceSnapshot:
    """Return a snapshot of Proxmox VE as an instance snapshot."""
    snapname = required_text(snapshot, "name")
    metadata = read_metadata(to_text(snapshot.get("description")) or "")
    native_state = to_text(snapshot.get("snapstate")) or ""
    return InstanceSnapshot(
        provider="proxmox",
        region=region,
        instance_id=str(location.vmid),
        id=snapname,
        name=metadata.name or snapname,
        state=STATES.get(native_state, SnapshotState.ERROR),
        native_state=native_state or "ok",
        token=metadata.token,
        created_at=to_time(snapshot.get("snaptime")),
    )


def to_resource(snapshot: InstanceSnapshot) -> Resource:
    """Return a snapshot as an inventory resource; its id is prefixed by the guest's VMID."""
    return Resource(
        provider="proxmox",
        region=snapshot.region,
        kind=ResourceKind.SNAPSHOT,
        id=f"{snapshot.instance_id}/{snapshot.id}",
        name=snapshot.name,
        state=_RESOURCE_STATES[snapshot.state],
        native_state=snapshot.native_state,
        created_at=snapshot.created_at,
        attributes={"disk": None, "instance": snapshot.instance_id, "size_gib": None},
    )

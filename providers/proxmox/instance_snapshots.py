"""Snapshots of machines: taking, listing, removing them, and going back to one.

Source: https://pve.proxmox.com/wiki/Live_Snapshots
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.cluster_guests import survey
from providers.proxmox.compute import refusal
from providers.proxmox.fields import missing, required_text, to_text, to_time
from providers.proxmox.guest_lists import to_vmid
from providers.proxmox.guest_lookup import at_its_place
from providers.proxmox.guests import READERS, Machine, Place
from providers.proxmox.notes import Mark, read_mark, with_mark
from providers.proxmox.states import to_state
from providers.proxmox.tasks import finish
from providers.proxmox.unique_id import find_same_machine, get_same_machine
from skyclust.errors import Conflict, InvalidRequest, NotFound, UnexpectedAnswer
from skyclust.model.instance import Instance, InstanceReference, InstanceState
from skyclust.model.resource import Resource, ResourceKind, ResourceState
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

FOLLOWED_SECONDS: Final = 20.0
"""How long a snapshot or the way back to one is followed by the call that asks for it."""

_FOREIGN: Final = re.compile(r"[^A-Za-z0-9_-]+")
_NAME_LENGTH: Final = 40  # `snapname`, pve-configid

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


def create_snapshot(
    connections: ProxmoxConnections, instance: InstanceReference, name: str, token: str
) -> InstanceSnapshot:
    """Ask for a snapshot of a machine's disks; one that the token has made is returned.

    What Proxmox VE calls it is made from name and token, and it takes no two of one name.
    """
    doing = f"take snapshot {name!r} of machine {instance.id} in {instance.region}"
    machine = get_same_machine(connections, instance, doing)
    snapname = to_snapname(name, token)
    made = _find(connections, instance.region, machine.place, snapname, doing)
    if made is None:
        _refuse_busy(machine, doing)
        description = with_mark("", Mark(token=token, name=name))
        upid = connections.post(
            f"{machine.place.path}/snapshot", doing, snapname=snapname, description=description
        )
        finish(connections, upid, doing, seconds=FOLLOWED_SECONDS)
        made = _find(connections, instance.region, machine.place, snapname, doing)
    if made is None:
        raise Conflict(
            f"Could not {doing}: it is not there yet.", hint="Ask again.", provider="proxmox"
        )
    return made


def to_snapname(name: str, token: str) -> str:
    """Return the name that Proxmox VE takes: of the wished one what fits, and of the token."""
    mark = sha256(token.encode()).hexdigest()[:12]
    stem = _FOREIGN.sub("-", name).strip("-")
    if not stem[:1].isalpha():
        stem = f"s-{stem}"
    return f"{stem[: _NAME_LENGTH - len(mark) - 1].rstrip('-')}-{mark}"


def list_snapshots(
    connections: ProxmoxConnections, region: str, instance_id: str
) -> list[InstanceSnapshot]:
    """Return a machine's snapshots, the oldest first; those that people took, too."""
    doing = f"list the snapshots of machine {instance_id} in {region}"
    vmid = to_vmid(instance_id)
    reader = ItemReader("proxmox", f"snapshots of machine {instance_id}")

    def read(place: Place) -> list[InstanceSnapshot] | None:
        if place.template:
            return None
        found = connections.get_list(f"{place.path}/snapshot", doing)
        return reader.read(found, _snapshot_reader(region, place), region=region)

    found = at_its_place(connections, vmid, doing, read)
    if found is None:
        raise NotFound(f"Could not {doing}: there is no machine {vmid}.", provider="proxmox")
    reader.finish()
    return _sorted(found)


def _snapshot_reader(region: str, place: Place) -> Callable[[Any], InstanceSnapshot | None]:
    def to_record(one: Any) -> InstanceSnapshot | None:
        if isinstance(one, UnexpectedAnswer):
            raise one
        if not isinstance(one, Mapping):
            raise missing("name")
        return to_snapshot(region, place, one) if one.get("name") != "current" else None

    return to_record


def _sorted(found: Sequence[InstanceSnapshot]) -> list[InstanceSnapshot]:
    earliest = datetime.min.replace(tzinfo=UTC)
    return sorted(found, key=lambda one: (one.created_at or earliest, one.id))


def _find(
    connections: ProxmoxConnections, region: str, place: Place, snapname: str, doing: str
) -> InstanceSnapshot | None:
    found = connections.get_list(f"{place.path}/snapshot", doing)
    named = (one for one in found if isinstance(one, Mapping) and one.get("name") == snapname)
    return next((to_snapshot(region, place, one) for one in named), None)


def to_snapshot(region: str, place: Place, snapshot: Mapping[str, Any]) -> InstanceSnapshot:
    """Return a snapshot in our words."""
    snapname = required_text(snapshot, "name")
    mark = read_mark(to_text(snapshot.get("description")) or "")
    native = to_text(snapshot.get("snapstate")) or ""
    return InstanceSnapshot(
        provider="proxmox",
        region=region,
        instance_id=str(place.vmid),
        id=snapname,
        name=mark.name or snapname,
        state=STATES.get(native, SnapshotState.ERROR),
        native_state=native or "ok",
        token=mark.token,
        created_at=to_time(snapshot.get("snaptime")),
    )


def must_stop_to_restore(instance: Instance) -> bool:
    """Return whether a machine has to be stopped first.

    Proxmox VE would switch a running one off without asking what runs in it.
    """
    return instance.state is not InstanceState.STOPPED


def restore_snapshot(
    connections: ProxmoxConnections, instance: InstanceReference, snapshot_id: str
) -> bool:
    """Put a stopped machine back to a snapshot; returns whether it is there.

    Going back twice is going back once. Configuration and notes go back with the disks.
    """
    doing = f"put machine {instance.id} in {instance.region} back to snapshot {snapshot_id}"
    machine = get_same_machine(connections, instance, doing)
    if _find(connections, instance.region, machine.place, snapshot_id, doing) is None:
        raise NotFound(f"Could not {doing}: there is no such snapshot.", provider="proxmox")
    if machine.lock == "rollback" or machine.task in {"qmrollback", "vzrollback"}:
        return False
    state, native_state = to_state(machine)
    if state is not InstanceState.STOPPED:
        raise refusal(machine, doing, native_state)
    upid = connections.post(f"{machine.place.path}/snapshot/{snapshot_id}/rollback", doing)
    return finish(connections, upid, doing, seconds=FOLLOWED_SECONDS)


def delete_snapshot(
    connections: ProxmoxConnections, instance: InstanceReference, snapshot_id: str
) -> None:
    """Remove a snapshot; one that is gone is no error, with its machine or without."""
    doing = f"delete snapshot {snapshot_id} of machine {instance.id} in {instance.region}"
    machine = find_same_machine(connections, instance, doing)
    if machine is None:
        return
    found = _find(connections, instance.region, machine.place, snapshot_id, doing)
    if found is None or found.state is SnapshotState.DELETING:
        return
    with suppress(NotFound):
        upid = connections.delete(f"{machine.place.path}/snapshot/{snapshot_id}", doing)
        finish(connections, upid, doing, seconds=FOLLOWED_SECONDS)


def _refuse_busy(machine: Machine, doing: str) -> None:
    state, native_state = to_state(machine)
    if state not in {InstanceState.RUNNING, InstanceState.STOPPED, InstanceState.SUSPENDED}:
        if state is InstanceState.ERROR:
            raise InvalidRequest(f"Could not {doing}: it is {native_state}.", provider="proxmox")
        raise refusal(machine, doing, native_state)


def get_snapshots(
    connections: ProxmoxConnections, region: str, page_size: int
) -> Iterator[Sequence[Resource]]:
    """Yield the snapshots of all machines, so many machines a page."""
    doing = f"list snapshots in {region}"
    reader = ItemReader("proxmox", f"snapshots of {region}")
    cluster = survey(connections, region, doing, reader)
    places = [place for place in cluster.places if not place.template]

    def read(place: Place) -> tuple[Place, list[Any]]:
        """Return a machine's place and snapshots; what its list raises stands in for them."""
        listing = _listing(connections, doing)
        try:
            return listing(place)
        except NotFound:
            return at_its_place(connections, place.vmid, doing, listing) or (place, [])
        except UnexpectedAnswer as error:
            return place, [error]

    with ThreadPoolExecutor(READERS, thread_name_prefix="proxmox") as pool:
        for start in range(0, len(places), page_size):
            page: list[Resource] = []
            for place, found in pool.map(read, places[start : start + page_size]):
                read_here, name = _snapshot_reader(region, place), _namer(place)
                told = reader.read(found, read_here, region=region, name=name)
                page += [to_resource(one) for one in _sorted(told)]
            yield page
    reader.finish()


def _listing(
    connections: ProxmoxConnections, doing: str
) -> Callable[[Place], tuple[Place, list[Any]]]:
    return lambda place: (place, connections.get_list(f"{place.path}/snapshot", doing))


def _namer(place: Place) -> Callable[[Any], str]:
    def name(one: Any) -> str:
        found = to_text(one.get("name")) if isinstance(one, Mapping) else None
        return f"{place.vmid}/{found or 'one without a name'}"

    return name


def to_resource(snapshot: InstanceSnapshot) -> Resource:
    """Return a snapshot as an inventory resource; its id has the machine's before it."""
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

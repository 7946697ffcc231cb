"""Snapshots of machines: taking, listing, removing them, and going back to one.

Source: https://pve.proxmox.com/wiki/Live_Snapshots
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.changes import refusal
from providers.proxmox.instances import to_state
from providers.proxmox.machines import (
    READERS,
    Machine,
    Place,
    find_place,
    get_machine,
    get_places,
    refuse_offline,
    to_vmid,
)
from providers.proxmox.notes import Mark, read_mark, with_mark
from providers.proxmox.tasks import finish
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.instance import Instance, InstanceState
from skyclust.model.resource import Resource, ResourceKind, ResourceState
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState

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
    connections: ProxmoxConnections, region: str, instance_id: str, name: str, token: str
) -> InstanceSnapshot:
    """Ask for a snapshot of a machine's disks; one that the token has made is returned.

    What Proxmox VE calls it is made from name and token, and it takes no two of one name.
    """
    doing = f"take snapshot {name!r} of machine {instance_id} in {region}"
    machine = get_machine(connections, to_vmid(instance_id), doing)
    snapname = to_snapname(name, token)
    made = _find(connections, region, machine.place, snapname, doing)
    if made is None:
        _refuse_busy(machine, doing)
        description = with_mark("", Mark(token=token, name=name))
        upid = connections.post(
            f"{machine.place.path}/snapshot", doing, snapname=snapname, description=description
        )
        finish(connections, upid, doing, seconds=FOLLOWED_SECONDS)
        made = _find(connections, region, machine.place, snapname, doing)
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
    place = find_place(connections, to_vmid(instance_id), doing)
    if place is None or place.template:
        raise NotFound(f"Could not {doing}: there is none.", provider="proxmox")
    return _read(connections, region, place, doing)


def _read(
    connections: ProxmoxConnections, region: str, place: Place, doing: str
) -> list[InstanceSnapshot]:
    found = connections.get(f"{place.path}/snapshot", doing)
    told = [to_snapshot(region, place, one) for one in found if one["name"] != "current"]
    earliest = datetime.min.replace(tzinfo=UTC)
    return sorted(told, key=lambda one: (one.created_at or earliest, one.id))


def _find(
    connections: ProxmoxConnections, region: str, place: Place, snapname: str, doing: str
) -> InstanceSnapshot | None:
    found = _read(connections, region, place, doing)
    return next((one for one in found if one.id == snapname), None)


def to_snapshot(region: str, place: Place, snapshot: Mapping[str, Any]) -> InstanceSnapshot:
    """Return a snapshot in our words."""
    mark = read_mark(str(snapshot.get("description", "")))
    native = str(snapshot.get("snapstate", ""))
    time = snapshot.get("snaptime")
    return InstanceSnapshot(
        provider="proxmox",
        region=region,
        instance_id=str(place.vmid),
        id=str(snapshot["name"]),
        name=mark.name or str(snapshot["name"]),
        state=STATES.get(native, SnapshotState.ERROR),
        native_state=native or "ok",
        token=mark.token,
        created_at=datetime.fromtimestamp(int(time), UTC) if time else None,
    )


def must_stop_to_restore(instance: Instance) -> bool:
    """Return whether a machine has to be stopped first.

    Proxmox VE would switch a running one off without asking what runs in it.
    """
    return instance.state is not InstanceState.STOPPED


def restore_snapshot(
    connections: ProxmoxConnections, region: str, instance_id: str, snapshot_id: str
) -> bool:
    """Put a stopped machine back to a snapshot; returns whether it is there.

    Going back twice is going back once. Configuration and notes go back with the disks.
    """
    doing = f"put machine {instance_id} in {region} back to snapshot {snapshot_id}"
    machine = get_machine(connections, to_vmid(instance_id), doing)
    if _find(connections, region, machine.place, snapshot_id, doing) is None:
        raise NotFound(f"Could not {doing}: there is no such snapshot.", provider="proxmox")
    if machine.lock == "rollback" or machine.task in {"qmrollback", "vzrollback"}:
        return False
    state, native_state = to_state(machine)
    if state is not InstanceState.STOPPED:
        raise refusal(machine, doing, native_state)
    upid = connections.post(f"{machine.place.path}/snapshot/{snapshot_id}/rollback", doing)
    return finish(connections, upid, doing, seconds=FOLLOWED_SECONDS)


def delete_snapshot(
    connections: ProxmoxConnections, region: str, instance_id: str, snapshot_id: str
) -> None:
    """Remove a snapshot; one that is gone is no error."""
    doing = f"delete snapshot {snapshot_id} of machine {instance_id} in {region}"
    place = find_place(connections, to_vmid(instance_id), doing)
    if place is None:
        return
    found = _find(connections, region, place, snapshot_id, doing)
    if found is None or found.state is SnapshotState.DELETING:
        return
    with suppress(NotFound):
        upid = connections.delete(f"{place.path}/snapshot/{snapshot_id}", doing)
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
    places = [place for place in get_places(connections, doing) if not place.template]
    for place in places:
        refuse_offline(place, doing)

    def read(place: Place) -> list[Resource]:
        try:
            found = _read(connections, region, place, doing)
        except NotFound:
            moved = find_place(connections, place.vmid, doing)
            found = [] if moved is None else _read(connections, region, moved, doing)
        return [to_resource(one) for one in found]

    with ThreadPoolExecutor(READERS, thread_name_prefix="proxmox") as pool:
        for start in range(0, len(places), page_size):
            page = places[start : start + page_size]
            yield [resource for found in pool.map(read, page) for resource in found]


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

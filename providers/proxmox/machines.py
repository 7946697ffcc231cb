"""Machines as the cluster has them: finding where one is, and reading all of it.

A machine is known by its number (vmid), unique in the cluster, which it keeps when it moves to
another node. Lists leave out what the credential may not see, without a word: so a machine that
is missing in them counts as gone only when its number is free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.drives import drives
from providers.proxmox.notes import Mark, read_mark
from providers.proxmox.tasks import running_tasks
from skyclust.errors import InvalidRequest, NotFound, PermissionDenied, Unavailable

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

READERS: Final = 8
"""Configurations are read one by one; so many at the same time."""

KINDS: Final = ("qemu", "lxc")


@dataclass(frozen=True)
class Place:
    """Where a machine is, as the cluster's resources tell."""

    vmid: int
    kind: str
    node: str
    pool: str | None = None
    template: bool = False
    online: bool = True
    name: str = ""

    @property
    def path(self) -> str:
        """The path of the machine in the API."""
        return f"nodes/{self.node}/{self.kind}/{self.vmid}"

    @property
    def word(self) -> str:
        """How sentences call it."""
        return f"{'machine' if self.kind == 'qemu' else 'container'} {self.vmid}"


@dataclass(frozen=True)
class Machine:
    """A machine: its place, status and configuration, and the task that runs on it.

    `shared` are those of its storages that all nodes share.
    """

    place: Place
    status: Mapping[str, Any]
    config: Mapping[str, Any]
    task: str | None = None
    mark: Mark = field(default_factory=Mark)
    shared: frozenset[str] = frozenset()

    @property
    def vmid(self) -> int:
        """The machine's number."""
        return self.place.vmid

    @property
    def runs(self) -> bool:
        """Whether it is switched on, paused or not."""
        return self.status.get("status") == "running"

    @property
    def lock(self) -> str:
        """The lock of its configuration, empty without one."""
        return str(self.config.get("lock", ""))

    @cached_property
    def description(self) -> str:
        """Its notes."""
        return str(self.config.get("description", ""))


def get_places(connections: ProxmoxConnections, doing: str) -> list[Place]:
    """Return where all machines and templates are that the credential may see, by number.

    Raises PermissionDenied when it sees none and lacks the privilege to see any.
    """
    found = connections.get("cluster/resources", doing, type="vm")
    if not found:
        refuse_blindness(connections, "VM.Audit", doing)
    places = [to_place(one) for one in found if one.get("type") in KINDS]
    return sorted(places, key=lambda place: place.vmid)


def to_place(resource: Mapping[str, Any]) -> Place:
    """Return the place that one of the cluster's resources tells."""
    return Place(
        vmid=int(resource["vmid"]),
        kind=str(resource["type"]),
        node=str(resource["node"]),
        pool=resource.get("pool") or None,
        template=bool(resource.get("template", 0)),
        online=resource.get("status") != "unknown",
        name=str(resource.get("name", "")),
    )


def refuse_blindness(connections: ProxmoxConnections, privilege: str, doing: str) -> None:
    """Raise PermissionDenied when nothing is listed for want of a privilege."""
    permissions = connections.get("access/permissions", doing)
    if not any(privilege in granted for granted in permissions.values()):
        raise PermissionDenied(
            f"Could not {doing}: {connections.credential.principal} has the privilege {privilege}"
            " on no path, so Proxmox VE shows nothing.",
            hint="Give the role to the token too: a token has the privileges of its user only"
            " where both have them, or with privilege separation off.",
            provider="proxmox",
        )


def to_vmid(instance_id: str) -> int:
    """Return the number that an id stands for; raises NotFound for what no machine has."""
    if not instance_id.isascii() or not instance_id.isdigit() or len(instance_id) > 9:
        raise NotFound(f"There is no machine {instance_id!r}.", provider="proxmox")
    return int(instance_id)


def find_place(connections: ProxmoxConnections, vmid: int, doing: str) -> Place | None:
    """Return where a machine is, None when its number is free.

    Raises PermissionDenied for a machine that exists and may not be seen, and Unavailable for
    one whose node is offline.
    """
    found = connections.get("cluster/resources", doing, type="vm")
    for resource in found:
        if resource.get("vmid") == vmid and resource.get("type") in KINDS:
            place = to_place(resource)
            refuse_offline(place, doing)
            return place
    refuse_hidden(connections, vmid, doing)
    return None


def refuse_hidden(connections: ProxmoxConnections, vmid: int, doing: str) -> None:
    """Raise PermissionDenied when a number that no list shows is taken all the same."""
    if vmid < 100:
        return
    try:
        connections.get("cluster/nextid", doing, vmid=vmid)
    except InvalidRequest as error:
        if "already exists" not in error.message:
            raise
        raise PermissionDenied(
            f"Could not {doing}: machine {vmid} exists, and"
            f" {connections.credential.principal} may not see it.",
            hint="It needs VM.Audit on /vms, on the machine or on its pool.",
            provider="proxmox",
        ) from error


def refuse_offline(place: Place, doing: str) -> None:
    """Raise Unavailable when a machine's node is offline: nothing can be read there."""
    if not place.online:
        raise Unavailable(
            f"Could not {doing}: node {place.node} of {place.word} is offline.", provider="proxmox"
        )


def get_machine(connections: ProxmoxConnections, vmid: int, doing: str) -> Machine:
    """Return a machine with all that is known of it; raises NotFound when there is none."""
    place = find_place(connections, vmid, doing)
    if place is None or place.template:
        raise NotFound(f"Could not {doing}: there is no machine {vmid}.", provider="proxmox")
    return read_machine(connections, place, doing)


def read_machine(connections: ProxmoxConnections, place: Place, doing: str) -> Machine:
    """Return the machine at a place; raises NotFound when it is gone from there."""
    config = connections.get(f"{place.path}/config", doing, current=1)
    status = connections.get(f"{place.path}/status/current", doing)
    tasks = running_tasks(connections, place.node, doing, place.vmid)
    return _put_together(connections, place, status, config, tasks)


def _put_together(
    connections: ProxmoxConnections,
    place: Place,
    status: Mapping[str, Any],
    config: Mapping[str, Any],
    tasks: Mapping[int, str],
) -> Machine:
    mark = read_mark(str(config.get("description", "")))
    storages = {drive.volume.partition(":")[0] for drive in drives(config)}
    shared = frozenset(name for name in storages if is_shared(connections, name))
    return Machine(place, status, config, tasks.get(place.vmid), mark, shared)


def is_shared(connections: ProxmoxConnections, storage: str) -> bool:
    """Return whether all nodes share a storage."""

    def read() -> dict[str, bool]:
        doing = f"read where storage {storage} is"
        found = connections.get("cluster/resources", doing, type="storage")
        return {str(one["storage"]): bool(one.get("shared", 0)) for one in found}

    return connections.is_shared(storage, read)


def get_pages(
    connections: ProxmoxConnections,
    places: Sequence[Place],
    page_size: int,
    doing: str,
) -> Iterator[list[Machine]]:
    """Yield machines page by page, their configurations read several at a time.

    A machine that moved to another node meanwhile is read there; one that ended is left out.
    """
    statuses, tasks = _read_nodes(connections, places, doing)

    def read(place: Place) -> Machine | None:
        status = statuses.get(place.vmid)
        try:
            if status is None:
                return read_machine(connections, place, doing)
            config = connections.get(f"{place.path}/config", doing, current=1)
            return _put_together(connections, place, status, config, tasks)
        except NotFound:
            moved = find_place(connections, place.vmid, doing)
            return None if moved is None else read_machine(connections, moved, doing)

    with ThreadPoolExecutor(READERS, thread_name_prefix="proxmox") as pool:
        for start in range(0, len(places), page_size):
            page = places[start : start + page_size]
            yield [machine for machine in pool.map(read, page) if machine is not None]


def _read_nodes(
    connections: ProxmoxConnections, places: Sequence[Place], doing: str
) -> tuple[dict[int, Mapping[str, Any]], dict[int, str]]:
    """Return the status of each machine and the task on it, node by node."""
    statuses: dict[int, Mapping[str, Any]] = {}
    tasks: dict[int, str] = {}
    for place in places:
        refuse_offline(place, doing)
    for node in sorted({place.node for place in places}):
        for one in connections.get(f"nodes/{node}/qemu", doing, full=1):
            statuses[int(one["vmid"])] = one
        for one in connections.get(f"nodes/{node}/lxc", doing):
            statuses[int(one["vmid"])] = one
        tasks |= running_tasks(connections, node, doing)
    return statuses, tasks

"""A machine and all that is known of it, read at the node that it is on.

A machine is known by its number (vmid), unique in the cluster, which it keeps when it moves to
another node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.drives import drives
from providers.proxmox.fields import missing, required_flag, to_text
from providers.proxmox.notes import Mark, read_mark
from providers.proxmox.tasks import running_tasks
from providers.proxmox.vmids import own_mark
from skyclust.errors import NotFound, Unavailable, UnexpectedAnswer

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

READERS: Final = 8
"""Configurations are read one by one; so many at the same time."""

KINDS: Final = ("qemu", "lxc")


@dataclass(frozen=True)
class Place:
    """Where a machine is, as the cluster's resources or its node tell."""

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
        return to_text(self.config.get("lock")) or ""

    @cached_property
    def description(self) -> str:
        """Its notes."""
        return to_text(self.config.get("description")) or ""

    @property
    def precondition(self) -> dict[str, object]:
        """What a change of the configuration is sent with: refused when it changed meanwhile."""
        digest = to_text(self.config.get("digest"))
        return {"digest": digest} if digest else {}


@dataclass(frozen=True)
class Reading:
    """One machine of a page, or why it could not be read."""

    place: Place
    outcome: Machine | Exception

    def machine(self) -> Machine:
        """Return the machine; raises what its reading raised."""
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def refuse_offline(place: Place, doing: str) -> None:
    """Raise Unavailable when a machine's node is offline: nothing can be read there."""
    if not place.online:
        raise Unavailable(
            f"Could not {doing}: node {place.node} of {place.word} is offline.", provider="proxmox"
        )


def read_machine(connections: ProxmoxConnections, place: Place, doing: str) -> Machine:
    """Return the machine at a place; raises NotFound when it is not there (any more)."""
    config = read_config(connections, place, doing)
    status = connections.get_object(f"{place.path}/status/current", doing)
    tasks = running_tasks(connections, place.node, doing, place.vmid)
    return put_together(connections, place, status, config, tasks)


def read_config(connections: ProxmoxConnections, place: Place, doing: str) -> Mapping[str, Any]:
    """Return the configuration at a place as it is now, without what waits for the next start."""
    return connections.get_object(f"{place.path}/config", doing, current=1)


def put_together(
    connections: ProxmoxConnections,
    place: Place,
    status: Mapping[str, Any],
    config: Mapping[str, Any],
    tasks: Mapping[int, str],
) -> Machine:
    """Return a machine of what was read of it."""
    mark = _mark(config, place)
    storages = {drive.volume.partition(":")[0] for drive in drives(config)}
    shared = frozenset(name for name in storages if is_shared(connections, name))
    return Machine(place, status, config, tasks.get(place.vmid), mark, shared)


def with_config(machine: Machine, config: Mapping[str, Any]) -> Machine:
    """Return a machine whose configuration was read again."""
    return replace(machine, config=config, mark=_mark(config, machine.place))


def _mark(config: Mapping[str, Any], place: Place) -> Mark:
    return own_mark(read_mark(to_text(config.get("description")) or ""), place.vmid)


def read_pages(
    places: Sequence[Place], page_size: int, read: Callable[[Place], Machine | None]
) -> Iterator[list[Reading]]:
    """Yield what reading the machines at some places comes to, several at a time.

    None leaves a machine out. What one machine raises is its own, until someone asks for it.
    """

    def attempt(place: Place) -> Reading | None:
        try:
            machine = read(place)
        except Exception as error:
            return Reading(place, error)
        return None if machine is None else Reading(place, machine)

    with ThreadPoolExecutor(READERS, thread_name_prefix="proxmox") as pool:
        for start in range(0, len(places), page_size):
            page = places[start : start + page_size]
            yield [reading for reading in pool.map(attempt, page) if reading is not None]


def read_templates(
    connections: ProxmoxConnections, places: Sequence[Place], doing: str
) -> list[Reading]:
    """Return the templates at some places; one that is gone meanwhile is left out."""

    def read(place: Place) -> Machine | None:
        try:
            return put_together(connections, place, {}, read_config(connections, place, doing), {})
        except NotFound:
            return None

    pages = read_pages(places, max(1, len(places)), read)
    return [reading for page in pages for reading in page]


def is_shared(connections: ProxmoxConnections, storage: str) -> bool:
    """Return whether all nodes share a storage, as far as the credential may see it.

    Raises UnexpectedAnswer for one that does not say so.
    """

    def read() -> dict[str, bool | None]:
        doing = f"read where storage {storage} is"
        found = connections.get_list("cluster/resources", doing, type="storage")
        told: dict[str, bool | None] = {}
        for one in found:
            name = to_text(one.get("storage")) if isinstance(one, Mapping) else None
            if name is not None and told.get(name) is None:
                told[name] = _is_shared(one)
        return told

    shared = connections.is_shared(storage, read)
    if shared is None:
        raise missing(f"shared of storage {storage}")
    return shared


def _is_shared(storage: Mapping[str, Any]) -> bool | None:
    try:
        return required_flag(storage, "shared")
    except UnexpectedAnswer:
        return None

"""The state of a cluster: nodes, guests, storages, volumes and tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

KIB: Final = 1024
MIB: Final = 1024**2
GIB: Final = 1024**3

Value = str | int
"""A value of a configuration as JSON carries it."""


@dataclass
class Node:
    """A node; `online` is false after it was shut down."""

    name: str
    number: int
    cores: int
    memory: int
    online: bool = True


@dataclass(frozen=True)
class Bridge:
    """A bridge of one node. `node` is empty for a VNet, which every node has."""

    name: str
    node: str = ""
    cidr: str = ""
    cidr6: str = ""
    comments: str = ""
    vlan_aware: bool = False
    zone: str = ""
    tag: int | None = None


@dataclass(frozen=True)
class Storage:
    """A storage of all nodes; without `shared` each node has its own volumes in it."""

    name: str
    type: str
    content: tuple[str, ...]
    shared: bool
    total: int


@dataclass
class Volume:
    """A disk or file. `node` is empty on a shared storage, `text` is the content of a disk."""

    storage: str
    node: str
    name: str
    size: int
    content: str
    format: str
    ctime: int
    vmid: int | None = None
    text: str = ""

    @property
    def volid(self) -> str:
        """The id of the volume in configurations."""
        return f"{self.storage}:{self.name}"


@dataclass
class Snapshot:
    """The configuration of a guest and the content of its disks at one time."""

    name: str
    description: str
    time: int
    parent: str
    config: dict[str, Value]
    texts: dict[str, str]
    state: str = ""


@dataclass
class Guest:
    """A VM or container, with its configuration.

    `pending` are changes that a running VM applies at its next start; "" means that the key is
    removed.
    """

    vmid: int
    kind: str
    node: str
    config: dict[str, Value]
    pending: dict[str, Value] = field(default_factory=dict)
    running: bool = False
    paused: bool = False
    started_at: float = 0.0
    pool: str = ""
    snapshots: dict[str, Snapshot] = field(default_factory=dict)

    @property
    def template(self) -> bool:
        """Whether the guest is a template."""
        return bool(self.config.get("template"))

    @property
    def lock(self) -> str:
        """The lock of the configuration, empty without a lock."""
        return str(self.config.get("lock", ""))

    @property
    def name(self) -> str:
        """The name in lists."""
        key = "name" if self.kind == "qemu" else "hostname"
        return str(self.config.get(key, f"{'VM' if self.kind == 'qemu' else 'CT'}{self.vmid}"))

    @property
    def label(self) -> str:
        """The kind of the guest in messages."""
        return "VM" if self.kind == "qemu" else "CT"


@dataclass
class Task:
    """A task, which is executed when it is due; see `tasks.settle`."""

    upid: str
    node: str
    type: str
    id: str
    user: str
    start: float
    end: float
    effect: Callable[[], None]
    holds: int | None = None
    exit_status: str | None = None


@dataclass(frozen=True)
class Membership:
    """The guests that existed from a time on, and the node of each."""

    since: float
    guests: dict[int, tuple[Guest, str]]


@dataclass
class Cluster:
    """The whole cluster. Every access to it holds `ProxmoxCloud.lock`.

    `list_lag_seconds` is the delay of the cluster's own lists; `memberships` are the earlier
    contents that they show.
    """

    name: str
    transition_seconds: float
    list_lag_seconds: float = 0.0
    memberships: list[Membership] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    storages: dict[str, Storage] = field(default_factory=dict)
    bridges: list[Bridge] = field(default_factory=list)
    unapplied: list[Bridge] = field(default_factory=list)
    subnets: dict[str, list[dict[str, Value]]] = field(default_factory=dict)
    guests: dict[int, Guest] = field(default_factory=dict)
    volumes: dict[tuple[str, str], Volume] = field(default_factory=dict)
    pools: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    used: dict[tuple[str, str], int] = field(default_factory=dict)
    serial: int = 0

    @property
    def quorate(self) -> bool:
        """Whether more than half of the nodes are online."""
        return 2 * sum(node.online for node in self.nodes.values()) > len(self.nodes)

    def record_members(self, now: float) -> None:
        """Record the guests and their nodes, if they changed."""
        guests = {vmid: (guest, guest.node) for vmid, guest in self.guests.items()}
        last = self.memberships[-1].guests if self.memberships else None
        if last is None or _locations(last) != _locations(guests):
            self.memberships.append(Membership(now, guests))

    def listed_guests(self, now: float) -> list[Guest]:
        """Return the guests in the cluster's lists: earlier ones when the lists are delayed."""
        if not self.list_lag_seconds or not self.memberships:
            return list(self.guests.values())
        old = [m for m in self.memberships if m.since <= now - self.list_lag_seconds]
        shown = old[-1] if old else self.memberships[0]
        return [replace(guest, node=node) for guest, node in shown.guests.values()]

    def location_of(self, storage: str, node: str) -> str:
        """Return the node that a storage's volumes are on; empty for a shared storage."""
        return "" if self.storages[storage].shared else node

    def volume(self, volid: str, node: str) -> Volume | None:
        """Return the volume with an id that a node can read, or None."""
        storage = volid.partition(":")[0]
        if storage not in self.storages:
            return None
        return self.volumes.get((self.location_of(storage, node), volid))

    def add_volume(self, volume: Volume) -> Volume:
        """Add a volume and return it."""
        self.volumes[volume.node, volume.volid] = volume
        key = (volume.node, volume.storage)
        self.used[key] = self.used.get(key, 0) + volume.size
        return volume

    def remove_volume(self, volume: Volume) -> None:
        """Remove a volume and free its space."""
        if self.volumes.pop((volume.node, volume.volid), None) is not None:
            self.used[volume.node, volume.storage] -= volume.size

    def grow_volume(self, volume: Volume, size: int) -> None:
        """Change the size of a volume."""
        self.used[volume.node, volume.storage] += size - volume.size
        volume.size = size

    def free(self, storage: str, node: str) -> int:
        """Return the free bytes of a storage on a node."""
        return self.storages[storage].total - self.used.get(
            (self.location_of(storage, node), storage), 0
        )


def _locations(guests: dict[int, tuple[Guest, str]]) -> list[tuple[int, int, str]]:
    return [(vmid, id(guest), node) for vmid, (guest, node) in sorted(guests.items())]

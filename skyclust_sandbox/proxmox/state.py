"""What a cluster is made of."""

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
    """One host; `online` is false once it was shut down."""

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
    """A storage that all nodes know; one that is not shared has other volumes on each."""

    name: str
    type: str
    content: tuple[str, ...]
    shared: bool
    total: int


@dataclass
class Volume:
    """One disk or file. `node` is empty on a shared storage, `text` is what a guest wrote."""

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
        """The id that configurations name it by."""
        return f"{self.storage}:{self.name}"


@dataclass
class Snapshot:
    """A guest's configuration and the texts of its disks as they were."""

    name: str
    description: str
    time: int
    parent: str
    config: dict[str, Value]
    texts: dict[str, str]
    state: str = ""


@dataclass
class Guest:
    """A virtual machine or container, and what its configuration file says.

    `pending` are changes that a running machine takes at its next start; "" stands for the
    removal of a key.
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
        """Whether it is a template."""
        return bool(self.config.get("template"))

    @property
    def lock(self) -> str:
        """The configuration's lock, empty without one."""
        return str(self.config.get("lock", ""))

    @property
    def name(self) -> str:
        """The name as lists show it."""
        key = "name" if self.kind == "qemu" else "hostname"
        return str(self.config.get(key, f"{'VM' if self.kind == 'qemu' else 'CT'}{self.vmid}"))

    @property
    def word(self) -> str:
        """How messages call it."""
        return "VM" if self.kind == "qemu" else "CT"


@dataclass
class Task:
    """A task, which is carried out when its time has come; see `Cluster.settle`."""

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
    """Which guests there were from a moment on, and the node of each."""

    since: float
    guests: dict[int, tuple[Guest, str]]


@dataclass
class Cluster:
    """All of it. Whoever reads or writes it holds `ProxmoxCloud.lock`.

    `list_lag_seconds` is how far the cluster's own lists are behind what the nodes know;
    `memberships` is what they show meanwhile.
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
        """Whether more than half of the nodes see each other."""
        return 2 * sum(node.online for node in self.nodes.values()) > len(self.nodes)

    def remember_members(self, now: float) -> None:
        """Note which guests there are and where, if that has changed."""
        guests = {vmid: (guest, guest.node) for vmid, guest in self.guests.items()}
        known = self.memberships[-1].guests if self.memberships else None
        if known is None or _places(known) != _places(guests):
            self.memberships.append(Membership(now, guests))

    def listed_guests(self, now: float) -> list[Guest]:
        """Return the guests that the cluster's lists show: those of some time ago, if they lag."""
        if not self.list_lag_seconds or not self.memberships:
            return list(self.guests.values())
        old = [one for one in self.memberships if one.since <= now - self.list_lag_seconds]
        shown = old[-1] if old else self.memberships[0]
        return [replace(guest, node=node) for guest, node in shown.guests.values()]

    def place_of(self, storage: str, node: str) -> str:
        """Return where a storage's volumes of a node are kept: nowhere in particular if shared."""
        return "" if self.storages[storage].shared else node

    def volume(self, volid: str, node: str) -> Volume | None:
        """Return a volume that a node can reach by its id."""
        storage = volid.partition(":")[0]
        if storage not in self.storages:
            return None
        return self.volumes.get((self.place_of(storage, node), volid))

    def add_volume(self, volume: Volume) -> Volume:
        """Add a volume and return it."""
        self.volumes[volume.node, volume.volid] = volume
        place = (volume.node, volume.storage)
        self.used[place] = self.used.get(place, 0) + volume.size
        return volume

    def remove_volume(self, volume: Volume) -> None:
        """Remove a volume and give its room back."""
        if self.volumes.pop((volume.node, volume.volid), None) is not None:
            self.used[volume.node, volume.storage] -= volume.size

    def grow_volume(self, volume: Volume, size: int) -> None:
        """Give a volume another size."""
        self.used[volume.node, volume.storage] += size - volume.size
        volume.size = size

    def free(self, storage: str, node: str) -> int:
        """Return the bytes that are free in a storage, seen from a node."""
        return self.storages[storage].total - self.used.get(
            (self.place_of(storage, node), storage), 0
        )


def _places(guests: dict[int, tuple[Guest, str]]) -> list[tuple[int, int, str]]:
    return [(vmid, id(guest), node) for vmid, (guest, node) in sorted(guests.items())]

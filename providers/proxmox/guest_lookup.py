"""Which machines exist, and where: what the cluster's list says, and the nodes confirm.

The cluster's list comes from one node's copy of what all nodes know. It can lag behind: then it
lacks a machine that was just made, or shows one that is gone or has moved. It also leaves out,
without a word, what the credential may not see. `cluster/nextid` reads the same copy, and knows
of all. So each node is asked for its own machines: one is there when a node has it, and gone when
none has, and the number is free or the credential may see who has it. A node that is offline
cannot be asked: then nothing is known.
Source: https://pve.proxmox.com/wiki/Proxmox_Cluster_File_System_(pmxcfs)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from providers.proxmox.guest_lists import (
    get_at_node,
    get_listed,
    is_taken,
    refuse_hidden,
    to_status,
    unconfirmed,
)
from providers.proxmox.guests import KINDS, Machine, Place, read_machine, refuse_offline
from providers.proxmox.regions import get_nodes
from skyclust.errors import Conflict, NotFound
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

Found = TypeVar("Found")


def find_machine(connections: ProxmoxConnections, vmid: int, doing: str) -> Machine | None:
    """Return the machine or template that has a number; None when the number is free.

    Raises PermissionDenied for a machine that exists and may not be seen, and Unavailable where
    a node that may have it is offline.
    """
    return at_its_place(connections, vmid, doing, lambda at: read_machine(connections, at, doing))


def get_machine(connections: ProxmoxConnections, vmid: int, doing: str) -> Machine:
    """Return a machine with all that is known of it; raises NotFound when there is none."""
    machine = find_machine(connections, vmid, doing)
    if machine is None or machine.place.template:
        raise NotFound(f"Could not {doing}: there is no machine {vmid}.", provider="proxmox")
    return machine


def at_its_place(
    connections: ProxmoxConnections, vmid: int, doing: str, read: Callable[[Place], Found]
) -> Found | None:
    """Return what `read` gives at a machine's place; None when no node has the machine.

    `read` raises NotFound where the machine is not. Raises Conflict for a machine that moves
    while it is looked for.
    """
    listed = next((one for one in get_listed(connections, doing) if one.vmid == vmid), None)
    if listed is not None:
        refuse_offline(listed, doing)
        try:
            return read(listed)
        except NotFound:  # the list lags: it has moved, or is gone
            pass
    place = _at_nodes(connections, vmid, doing)
    if place is None and is_taken(connections, vmid, doing):
        refuse_hidden(connections, vmid, doing)
        # Either the cluster's copy lags, or it moved from a node that was asked later to one
        # that was asked before: then it is seen now.
        place = _at_nodes(connections, vmid, doing)
    if place is None:
        return None
    pool = listed.pool if listed is not None else None
    try:
        return read(replace(place, pool=pool))
    except NotFound as error:
        raise Conflict(
            f"Could not {doing}: {place.word} is moving between nodes.",
            hint="Ask again.",
            provider="proxmox",
        ) from error


def _at_nodes(connections: ProxmoxConnections, vmid: int, doing: str) -> Place | None:
    nodes = ask_nodes(connections, doing)
    if vmid not in nodes.places:
        nodes.confirm_absence(doing)
    return nodes.places.get(vmid)


@dataclass(frozen=True)
class AtNodes:
    """Where machines are by what each node says that it has; `offline` could not be asked."""

    places: Mapping[int, Place]
    offline: Sequence[str]
    reader: ItemReader

    def confirm_absence(self, doing: str) -> None:
        """Raise an error unless what is not among the places is at no node.

        Unavailable where a node is offline, IncompleteList where something that is there cannot
        be read.
        """
        self.reader.finish()
        if self.offline:
            raise unconfirmed(doing, self.offline[0])


def ask_nodes(connections: ProxmoxConnections, doing: str) -> AtNodes:
    """Return what each node of the cluster says that it has."""
    found: dict[int, Place] = {}
    offline: list[str] = []
    # An item that cannot be read may be the one that is looked for.
    reader = ItemReader("proxmox", "machines of the nodes")
    for node in get_nodes(connections, doing):
        if not node.online:
            offline.append(node.name)
            continue
        for kind in KINDS:
            told = get_at_node(connections, node.name, kind, doing)
            to_record = partial(to_status, node.name, kind)
            found |= {place.vmid: place for place, _ in reader.read(told, to_record, region="")}
    return AtNodes(found, offline, reader)

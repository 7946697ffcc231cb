"""Finding a guest: the list of the cluster gives its location, and the nodes confirm it.

The cluster's list is one node's copy of the state of all nodes. It can be outdated: it may lack a
guest that was just created, or show a guest that was deleted or has moved. It also silently omits
guests that the credential may not see. `cluster/nextid` reads the same copy, but knows every VMID.
So each node lists its own guests. A guest exists when a node lists it. It does not exist
when no node lists it and its VMID is free, or the credential may see whose it is. A node that is
offline lists nothing, and then a guest that is not listed may exist.
Source: https://pve.proxmox.com/wiki/Proxmox_Cluster_File_System_(pmxcfs)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from providers.proxmox.guest_lists import (
    get_cluster_list,
    get_node_list,
    is_taken,
    require_visible,
    to_location_and_status,
    unconfirmed,
)
from providers.proxmox.guest_records import KINDS, Guest, Location
from providers.proxmox.guests import read_guest, require_online
from providers.proxmox.regions import get_nodes
from skyclust.errors import Conflict, NotFound
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

Result = TypeVar("Result")


def find_guest(clients: ProxmoxClients, vmid: int, doing: str) -> Guest | None:
    """Return the guest or template that has a VMID; None when the VMID is free.

    Raises PermissionDenied for a guest that the credential may not see, and Unavailable when a
    node that may have it is offline.
    """
    return read_at_location(clients, vmid, doing, lambda at: read_guest(clients, at, doing))


def get_guest(clients: ProxmoxClients, vmid: int, doing: str) -> Guest:
    """Return the guest that has a VMID; raises NotFound when it does not exist or is a template."""
    guest = find_guest(clients, vmid, doing)
    if guest is None or guest.location.template:
        raise NotFound(f"Could not {doing}: guest {vmid} does not exist.", provider="proxmox")
    return guest


def read_at_location(
    clients: ProxmoxClients, vmid: int, doing: str, read: Callable[[Location], Result]
) -> Result | None:
    """Return the result of `read` at a guest's location; None when no node has the guest.

    `read` raises NotFound when the guest is not at the location. Raises Conflict for a guest that
    moves between nodes during the search.
    """
    locations = {location.vmid: location for location in get_cluster_list(clients, doing)}
    listed = locations.get(vmid)
    if listed is not None:
        require_online(listed, doing)
        try:
            return read(listed)
        except NotFound:  # the list is outdated: it moved, or was deleted
            pass
    location = _at_nodes(clients, vmid, doing)
    if location is None and is_taken(clients, vmid, doing):
        require_visible(clients, vmid, doing)
        # Either the cluster's copy is outdated, or the guest moved during the search, to a node
        # that had already listed its guests: then the second search finds it.
        location = _at_nodes(clients, vmid, doing)
    if location is None:
        return None
    pool = listed.pool if listed is not None else None
    try:
        return read(replace(location, pool=pool))
    except NotFound as error:
        raise Conflict(
            f"Could not {doing}: {location.label} is moving between nodes.",
            hint="Repeat the request.",
            provider="proxmox",
        ) from error


def _at_nodes(clients: ProxmoxClients, vmid: int, doing: str) -> Location | None:
    nodes = list_at_nodes(clients, doing)
    if vmid not in nodes.locations:
        nodes.confirm_absence(doing)
    return nodes.locations.get(vmid)


@dataclass(frozen=True)
class NodeGuests:
    """The locations of the guests that the nodes list; the nodes in `offline` list nothing."""

    locations: Mapping[int, Location]
    offline: Sequence[str]
    reader: ItemReader

    def confirm_absence(self, doing: str) -> None:
        """Return when a guest that is not in `locations` is at no node.

        Raises Unavailable when a node is offline, IncompleteList when an item in the list of a
        node cannot be read.
        """
        self.reader.finish()
        if self.offline:
            raise unconfirmed(doing, self.offline[0])


def list_at_nodes(clients: ProxmoxClients, doing: str) -> NodeGuests:
    """Return the guests that the nodes of the cluster list, each node its own."""
    locations: dict[int, Location] = {}
    offline: list[str] = []
    # An item that cannot be read may be the guest that is searched.
    reader = ItemReader("proxmox", "guests of the nodes")
    for node in get_nodes(clients, doing):
        if not node.online:
            offline.append(node.name)
            continue
        for kind in KINDS:
            listed = get_node_list(clients, node.name, kind, doing)
            to_record = partial(to_location_and_status, node.name, kind)
            read = reader.read(listed, to_record, region="")
            locations |= {location.vmid: location for location, _ in read}
    return NodeGuests(locations, offline, reader)

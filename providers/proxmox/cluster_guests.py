"""All guests of a cluster, as inventory reads them.

`guest_lookup` explains why each node lists its guests. Two calls list the guests of a node and a
third its running tasks; each configuration is a call of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from providers.proxmox.guest_lists import (
    get_cluster_list,
    get_node_list,
    to_location_and_status,
    unconfirmed,
)
from providers.proxmox.guest_lookup import find_guest
from providers.proxmox.guest_records import KINDS, Guest, Location
from providers.proxmox.guests import Reading, read_config, read_pages, require_online, to_guest
from providers.proxmox.permissions import require_privilege
from providers.proxmox.regions import get_nodes
from providers.proxmox.tasks import running_tasks
from skyclust.errors import NotFound
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients


@dataclass(frozen=True)
class ClusterGuests:
    """All guests and templates of a cluster by VMID, with the status and task of each."""

    locations: Sequence[Location]
    statuses: Mapping[int, Mapping[str, Any]]
    tasks: Mapping[int, str]


def get_cluster_guests(
    clients: ProxmoxClients,
    region: str,
    doing: str,
    reader: ItemReader,
    *,
    with_states: bool = False,
) -> ClusterGuests:
    """Return all guests and templates that the credential may see, confirmed by their nodes.

    Raises Unavailable when a node is offline, and PermissionDenied when the list is empty and the
    credential lacks the privilege to see guests. `reader` collects the items that cannot be read.
    `with_states` also reads the tasks, and the full status, for which a node queries each running
    guest and which may take a while.
    """
    listed = {location.vmid: location for location in get_cluster_list(clients, doing)}
    for location in listed.values():
        require_online(location, doing)
    at_nodes: dict[int, Location] = {}
    statuses: dict[int, Mapping[str, Any]] = {}
    tasks: dict[int, str] = {}
    for node in get_nodes(clients, doing):
        if not node.online:
            raise unconfirmed(doing, node.name)
        for kind in KINDS:
            node_list = get_node_list(clients, node.name, kind, doing, full=with_states)
            to_record = partial(to_location_and_status, node.name, kind)
            for location, status in reader.read(node_list, to_record, region=region):
                known = listed.get(location.vmid)
                at_nodes[location.vmid] = replace(location, pool=known.pool if known else None)
                statuses[location.vmid] = status
        if with_states:
            tasks |= running_tasks(clients, node.name, doing)
    locations = {**listed, **at_nodes}
    if not locations:
        require_privilege(clients, "VM.Audit", doing)
    return ClusterGuests([locations[vmid] for vmid in sorted(locations)], statuses, tasks)


def get_pages(
    clients: ProxmoxClients,
    cluster: ClusterGuests,
    locations: Sequence[Location],
    page_size: int,
    doing: str,
) -> Iterator[list[Reading]]:
    """Yield guests page by page, reading several configurations at the same time.

    A guest that moved meanwhile is read at its new node; a guest that was deleted is left out.
    """

    def read(location: Location) -> Guest | None:
        status = cluster.statuses.get(location.vmid)
        if status is not None:
            try:
                config = read_config(clients, location, doing)
            except NotFound:  # moved or deleted since its node listed it
                pass
            else:
                return to_guest(clients, location, status, config, cluster.tasks)
        guest = find_guest(clients, location.vmid, doing)
        if guest is None or guest.location.template != location.template:
            return None
        return guest

    yield from read_pages(locations, page_size, read)

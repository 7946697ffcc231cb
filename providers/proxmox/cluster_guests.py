"""All machines of a cluster at once, as inventory reads them; see `presence` for why so.

Two calls a node tell which machines there are, a third what is done with them; each configuration
is a call of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from providers.proxmox.guest_lists import get_at_node, get_listed, to_status, unconfirmed
from providers.proxmox.guest_lookup import find_machine
from providers.proxmox.guests import (
    KINDS,
    Machine,
    Place,
    Reading,
    put_together,
    read_config,
    read_pages,
    refuse_offline,
)
from providers.proxmox.permissions import refuse_blindness
from providers.proxmox.regions import get_nodes
from providers.proxmox.tasks import running_tasks
from skyclust.errors import NotFound
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections


@dataclass(frozen=True)
class Survey:
    """All machines and templates of a cluster by number, and what their nodes say of each."""

    places: Sequence[Place]
    statuses: Mapping[int, Mapping[str, Any]]
    tasks: Mapping[int, str]


def survey(
    connections: ProxmoxConnections,
    region: str,
    doing: str,
    reader: ItemReader,
    *,
    with_states: bool = False,
) -> Survey:
    """Return all machines and templates that the credential may see, confirmed by their nodes.

    Raises Unavailable when a node is offline, and PermissionDenied when nothing is seen and the
    privilege to see any is missing. `reader` remembers what cannot be read. Only `with_states` the
    nodes ask each machine that runs how it is, which may take a while, and tell their tasks.
    """
    listed = {place.vmid: place for place in get_listed(connections, doing)}
    for place in listed.values():
        refuse_offline(place, doing)
    seen: dict[int, Place] = {}
    statuses: dict[int, Mapping[str, Any]] = {}
    tasks: dict[int, str] = {}
    for node in get_nodes(connections, doing):
        if not node.online:
            raise unconfirmed(doing, node.name)
        for kind in KINDS:
            told = get_at_node(connections, node.name, kind, doing, full=with_states)
            to_record = partial(to_status, node.name, kind)
            for place, status in reader.read(told, to_record, region=region):
                known = listed.get(place.vmid)
                seen[place.vmid] = replace(place, pool=known.pool if known else None)
                statuses[place.vmid] = status
        if with_states:
            tasks |= running_tasks(connections, node.name, doing)
    places = {**listed, **seen}
    if not places:
        refuse_blindness(connections, "VM.Audit", doing)
    return Survey([places[vmid] for vmid in sorted(places)], statuses, tasks)


def get_pages(
    connections: ProxmoxConnections,
    cluster: Survey,
    places: Sequence[Place],
    page_size: int,
    doing: str,
) -> Iterator[list[Reading]]:
    """Yield machines page by page, their configurations read several at a time.

    A machine that moved to another node meanwhile is read there; one that ended is left out.
    """

    def read(place: Place) -> Machine | None:
        status = cluster.statuses.get(place.vmid)
        if status is not None:
            try:
                config = read_config(connections, place, doing)
            except NotFound:  # since its node was asked
                pass
            else:
                return put_together(connections, place, status, config, cluster.tasks)
        found = find_machine(connections, place.vmid, doing)
        if found is None or found.place.template != place.template:
            return None
        return found

    yield from read_pages(places, page_size, read)

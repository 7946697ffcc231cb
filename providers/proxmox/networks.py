"""Networks: bridges, one for all nodes that have it under its name, and VNets.

Sources: https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/network,
https://pve.proxmox.com/pve-docs/chapter-pvesdn.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from providers.proxmox.lookups import bridges
from providers.proxmox.machines import refuse_blindness
from providers.proxmox.regions import get_nodes
from skyclust.errors import Unavailable
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections


def get_networks(
    connections: ProxmoxConnections, region: str, page_size: int
) -> Iterator[Sequence[Resource]]:
    """Yield the bridges and VNets of a cluster by name.

    A bridge is known when every node was asked for it, so all are read before the first page.
    Raises Unavailable when a node is offline.
    """
    doing = f"list networks in {region}"
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for node in get_nodes(connections, doing):
        if not node.online:
            raise Unavailable(f"Could not {doing}: {node.name} is offline.", provider="proxmox")
        for name, bridge in bridges(connections, node.name, doing).items():
            found.setdefault(name, {})[node.name] = bridge
    if not found:
        refuse_blindness(connections, "SDN.Audit", doing)
    vnets = {str(one["vnet"]) for one in connections.get("cluster/sdn/vnets", doing)}
    subnets = {name: _subnets(connections, name, doing) for name in sorted(vnets & set(found))}
    networks = [to_network(region, name, found[name], subnets.get(name)) for name in sorted(found)]
    for start in range(0, len(networks), page_size):
        yield networks[start : start + page_size]


def _subnets(connections: ProxmoxConnections, vnet: str, doing: str) -> list[str]:
    found = connections.get(f"cluster/sdn/vnets/{vnet}/subnets", doing)
    return sorted(str(one["cidr"]) for one in found if one.get("cidr"))


def to_network(
    region: str,
    name: str,
    nodes: Mapping[str, Mapping[str, Any]],
    subnets: Sequence[str] | None,
) -> Resource:
    """Return a bridge or VNet as an inventory resource.

    The addresses of a bridge are those that its nodes have in it; of a VNet (where `subnets`
    is no None), its subnets.
    """
    ranges = list(subnets or ())
    if subnets is None:
        told = {str(one["cidr"]) for one in nodes.values() if one.get("cidr")}
        ranges = sorted({str(ipaddress.ip_interface(cidr).network) for cidr in told})
    comments = sorted(
        {str(one["comments"]).strip() for one in nodes.values() if one.get("comments")}
    )
    on: list[JsonValue] = [*sorted(nodes)]
    return Resource(
        provider="proxmox",
        region=region,
        kind=ResourceKind.NETWORK,
        id=name,
        name=name,
        zone=next(iter(nodes)) if len(nodes) == 1 else None,
        attributes={
            "cidrs": [*ranges],
            "description": "; ".join(comments) or None,
            "type": "bridge" if subnets is None else "vnet",
            "zones": on,
        },
    )

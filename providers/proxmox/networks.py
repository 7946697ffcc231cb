"""Networks: bridges, one for all nodes that have it under its name, and VNets.

Sources: https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/network,
https://pve.proxmox.com/pve-docs/chapter-pvesdn.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from providers.proxmox.bridges import get_interfaces, to_bridge
from providers.proxmox.fields import missing, required_text, to_text
from providers.proxmox.permissions import refuse_blindness
from providers.proxmox.regions import get_nodes
from skyclust.errors import Unavailable
from skyclust.model.resource import Resource, ResourceKind
from skyclust.providerkit.items import ItemReader

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
    reader = ItemReader("proxmox", f"networks of {region}")
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for node in get_nodes(connections, doing):
        if not node.online:
            raise Unavailable(f"Could not {doing}: {node.name} is offline.", provider="proxmox")
        told = get_interfaces(connections, node.name, doing)
        name = _namer(node.name)
        for bridge in reader.read(told, to_bridge, region=region, name=name):
            found.setdefault(required_text(bridge, "iface"), {})[node.name] = bridge
    if not found:
        refuse_blindness(connections, "SDN.Audit", doing)
    vnets = reader.read(connections.get_list("cluster/sdn/vnets", doing), _to_vnet, region=region)
    subnets = {name: _subnets(connections, name, doing) for name in sorted({*vnets} & {*found})}
    networks = [to_network(region, name, found[name], subnets.get(name)) for name in sorted(found)]
    for start in range(0, len(networks), page_size):
        yield networks[start : start + page_size]
    reader.finish()


def _namer(node: str) -> Callable[[Any], str]:
    def name(one: Any) -> str:
        found = to_text(one.get("iface")) if isinstance(one, Mapping) else None
        return f"{found or 'an interface without a name'} of {node}"

    return name


def _to_vnet(one: Any) -> str:
    if not isinstance(one, Mapping):
        raise missing("vnet")
    return required_text(one, "vnet")


def _subnets(connections: ProxmoxConnections, vnet: str, doing: str) -> list[str]:
    found = connections.get_list(f"cluster/sdn/vnets/{vnet}/subnets", doing)
    return to_ranges(one.get("cidr") for one in found if isinstance(one, Mapping))


def to_ranges(cidrs: Iterable[object]) -> list[str]:
    """Return the networks that addresses with a prefix length are in, IPv4 first, each once."""
    found = set[ipaddress.IPv4Network | ipaddress.IPv6Network]()
    for cidr in cidrs:
        try:
            found.add(ipaddress.ip_interface(to_text(cidr) or "").network)
        except ValueError:  # no address
            continue
    return [str(network) for network in sorted(found, key=lambda one: (one.version, str(one)))]


def to_network(
    region: str,
    name: str,
    nodes: Mapping[str, Mapping[str, Any]],
    subnets: Sequence[str] | None,
) -> Resource:
    """Return a bridge or VNet as an inventory resource.

    The ranges of a bridge are those of the addresses, of both families, that its nodes have in
    it; of a VNet (where `subnets` is no None), its subnets.
    """
    is_vnet = subnets is not None or any(one.get("type") == "vnet" for one in nodes.values())
    own = (one.get(key) for one in nodes.values() for key in ("cidr", "cidr6"))
    ranges = to_ranges(own) if subnets is None else list(subnets)
    comments = {(to_text(one.get("comments")) or "").strip() for one in nodes.values()} - {""}
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
            "description": "; ".join(sorted(comments)) or None,
            "type": "vnet" if is_vnet else "bridge",
            "zones": on,
        },
    )

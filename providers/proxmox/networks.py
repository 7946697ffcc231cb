"""Networks: VNets, and bridges; bridges of one name on several nodes are one network.

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
from providers.proxmox.permissions import require_privilege
from providers.proxmox.regions import get_nodes
from skyclust.errors import Unavailable
from skyclust.model.resource import Resource, ResourceKind
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients


def get_networks(
    clients: ProxmoxClients, region: str, page_size: int
) -> Iterator[Sequence[Resource]]:
    """Yield the bridges and VNets of a cluster by name.

    The bridges of all nodes are read before the first page, because a bridge may be on any node.
    Raises Unavailable when a node is offline.
    """
    doing = f"list networks in {region}"
    reader = ItemReader("proxmox", f"networks of {region}")
    bridges: dict[str, dict[str, Mapping[str, Any]]] = {}
    for node in get_nodes(clients, doing):
        if not node.online:
            raise Unavailable(f"Could not {doing}: {node.name} is offline.", provider="proxmox")
        interfaces = get_interfaces(clients, node.name, doing)
        name = _namer(node.name)
        for bridge in reader.read(interfaces, to_bridge, region=region, name=name):
            bridges.setdefault(required_text(bridge, "iface"), {})[node.name] = bridge
    if not bridges:
        require_privilege(clients, "SDN.Audit", doing)
    vnets = reader.read(clients.get_list("cluster/sdn/vnets", doing), _to_vnet, region=region)
    subnets = {name: _subnets(clients, name, doing) for name in sorted({*vnets} & {*bridges})}
    networks = [
        to_network(region, name, bridges[name], subnets.get(name)) for name in sorted(bridges)
    ]
    for start in range(0, len(networks), page_size):
        yield networks[start : start + page_size]
    reader.finish()


def _namer(node: str) -> Callable[[Any], str]:
    def name(item: Any) -> str:
        iface = to_text(item.get("iface")) if isinstance(item, Mapping) else None
        return f"{iface or 'an interface without a name'} of {node}"

    return name


def _to_vnet(item: Any) -> str:
    if not isinstance(item, Mapping):
        raise missing("vnet")
    return required_text(item, "vnet")


def _subnets(clients: ProxmoxClients, vnet: str, doing: str) -> list[str]:
    subnets = clients.get_list(f"cluster/sdn/vnets/{vnet}/subnets", doing)
    return to_ranges(subnet.get("cidr") for subnet in subnets if isinstance(subnet, Mapping))


def to_ranges(cidrs: Iterable[object]) -> list[str]:
    """Return the distinct networks of addresses with a prefix length, IPv4 first."""
    networks = set[ipaddress.IPv4Network | ipaddress.IPv6Network]()
    for cidr in cidrs:
        try:
            networks.add(ipaddress.ip_interface(to_text(cidr) or "").network)
        except ValueError:  # not an address
            continue
    return [str(network) for network in sorted(networks, key=lambda n: (n.version, str(n)))]


def to_network(
    region: str,
    name: str,
    nodes: Mapping[str, Mapping[str, Any]],
    subnets: Sequence[str] | None,
) -> Resource:
    """Return a bridge or VNet as an inventory resource; `nodes` has the bridge at each node.

    The address ranges of a VNet are its subnets. Those of a bridge, where `subnets` is None, are
    the networks of the addresses, of both families, that the nodes have on it.
    """
    is_vnet = subnets is not None or any(bridge.get("type") == "vnet" for bridge in nodes.values())
    own = (bridge.get(key) for bridge in nodes.values() for key in ("cidr", "cidr6"))
    ranges = to_ranges(own) if subnets is None else list(subnets)
    comments = {(to_text(bridge.get("comments")) or "").strip() for bridge in nodes.values()}
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
            "description": "; ".join(sorted(comments - {""})) or None,
            "type": "vnet" if is_vnet else "bridge",
            "zones": on,
        },
    )

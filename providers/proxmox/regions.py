"""The one region of a credential: its cluster; and its zones: the nodes.

Source: https://pve.proxmox.com/pve-docs/api-viewer/#/cluster/status
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skyclust.errors import InvalidRequest

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections


@dataclass(frozen=True)
class Node:
    """One host of the cluster. Memory is in MiB; `free_mib` is what no machine uses now."""

    name: str
    online: bool
    cores: int
    memory_mib: int
    free_mib: int


def get_region(connections: ProxmoxConnections) -> str:
    """Return the name of the cluster; of the node, where there is no cluster."""
    found = connections.get("cluster/status", "read the name of the cluster")
    for kind in ("cluster", "node"):
        for one in found:
            if one["type"] == kind:
                return str(one["name"])
    raise InvalidRequest("The cluster has neither name nor nodes.", provider="proxmox")


def refuse_elsewhere(connections: ProxmoxConnections, region: str) -> None:
    """Raise InvalidRequest for a region that is not the credential's cluster."""
    name = connections.cluster_name(lambda: get_region(connections))
    if region != name:
        raise InvalidRequest(
            f"There is no region {region!r} at {connections.credential.address}.",
            hint=f"The cluster there is {name!r}.",
            provider="proxmox",
        )


def get_nodes(connections: ProxmoxConnections, doing: str) -> list[Node]:
    """Return the nodes of the cluster by name, the offline ones too."""
    found = connections.get("nodes", doing)
    nodes = [
        Node(
            name=str(one["node"]),
            online=one.get("status") == "online",
            cores=int(one.get("maxcpu", 0)),
            memory_mib=int(one.get("maxmem", 0)) // 1024**2,
            free_mib=(int(one.get("maxmem", 0)) - int(one.get("mem", 0))) // 1024**2,
        )
        for one in found
    ]
    return sorted(nodes, key=lambda node: node.name)

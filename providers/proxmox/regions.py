"""The one region of a credential: its cluster; and its zones: the nodes.

Source: https://pve.proxmox.com/pve-docs/api-viewer/#/cluster/status
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from providers.proxmox.fields import missing, required_text, to_integer
from providers.proxmox.sizes import Size
from skyclust.errors import InvalidRequest, UnexpectedAnswer

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections


@dataclass(frozen=True)
class Node:
    """One host of the cluster. Memory is in MiB; `free_mib` is what no machine uses now.

    None is what the credential may not see: it needs Sys.Audit on the node.
    """

    name: str
    online: bool
    cores: int | None = None
    memory_mib: int | None = None
    free_mib: int | None = None

    def can_hold(self, size: Size) -> bool:
        """Return whether a machine of a size fits on the node; Proxmox VE decides if unknown."""
        return (self.cores is None or self.cores >= size.cores) and (
            self.memory_mib is None or self.memory_mib >= size.memory_mib
        )


def get_region(connections: ProxmoxConnections) -> str:
    """Return the name of the cluster; of the node, where there is no cluster."""
    found = connections.get_list("cluster/status", "read the name of the cluster")
    return to_region(found)


def to_region(status: Sequence[Any]) -> str:
    """Return the name in a status of the cluster; raises UnexpectedAnswer when there is none.

    Of a cluster whose own entry is missing no node gives the name: everything would be another
    region's then.
    """
    read = [one for one in status if isinstance(one, Mapping)]
    clusters = [one for one in read if one.get("type") == "cluster"]
    nodes = [one for one in read if one.get("type") == "node"]
    if clusters:
        return required_text(clusters[0], "name")
    if len(nodes) == 1 and len(status) == 1:
        return required_text(nodes[0], "name")
    raise UnexpectedAnswer(
        "The cluster has no name.",
        hint="`pvecm status` at a node tells it.",
        provider="proxmox",
    )


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
    """Return the nodes of the cluster by name, the offline ones too.

    Raises UnexpectedAnswer when one cannot be read, or when there is none: what is true of all
    nodes is concluded from this list.
    """
    found = connections.get_list("nodes", doing)
    if not found:
        raise UnexpectedAnswer(f"Could not {doing}: the cluster has no nodes.", provider="proxmox")
    return sorted((to_node(one) for one in found), key=lambda node: node.name)


def to_node(one: Any) -> Node:
    """Return a node of the cluster's list; raises UnexpectedAnswer for one without a name."""
    if not isinstance(one, Mapping):
        raise missing("node")
    total, used = to_integer(one.get("maxmem")), to_integer(one.get("mem"))
    return Node(
        name=required_text(one, "node"),
        online=one.get("status") == "online",
        cores=to_integer(one.get("maxcpu")) or None,
        memory_mib=total // 1024**2 if total else None,
        free_mib=(total - used) // 1024**2 if total and used is not None else None,
    )

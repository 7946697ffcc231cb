"""The region of a credential, which is its cluster, and its zones, which are the nodes.

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
    from providers.proxmox.client import ProxmoxClients


@dataclass(frozen=True)
class Node:
    """A node of the cluster; sizes in MiB, `free_mib` is the memory that is not in use.

    Sizes are None when the credential may not see them: it needs Sys.Audit on the node.
    """

    name: str
    online: bool
    cores: int | None = None
    memory_mib: int | None = None
    free_mib: int | None = None

    def can_hold(self, size: Size) -> bool:
        """Return whether a guest of a size fits on the node; True when its size is unknown."""
        return (self.cores is None or self.cores >= size.cores) and (
            self.memory_mib is None or self.memory_mib >= size.memory_mib
        )


def get_region(clients: ProxmoxClients) -> str:
    """Return the name of the cluster; without a cluster, the name of the node."""
    return to_region(clients.get_list("cluster/status", "read the name of the cluster"))


def to_region(status: Sequence[Any]) -> str:
    """Return the name in the status of the cluster; raises UnexpectedAnswer when it has none.

    The name of a node is used only when the status shows a single node without a cluster. In a
    cluster whose own entry is missing it would move every resource to another region.
    """
    entries = [entry for entry in status if isinstance(entry, Mapping)]
    clusters = [entry for entry in entries if entry.get("type") == "cluster"]
    nodes = [entry for entry in entries if entry.get("type") == "node"]
    if clusters:
        return required_text(clusters[0], "name")
    if len(nodes) == 1 and len(status) == 1:
        return required_text(nodes[0], "name")
    raise UnexpectedAnswer(
        "The cluster has no name.",
        hint="`pvecm status` at a node shows it.",
        provider="proxmox",
    )


def check_region(clients: ProxmoxClients, region: str) -> None:
    """Raise InvalidRequest for a region that is not the credential's cluster."""
    name = clients.cluster_name(lambda: get_region(clients))
    if region != name:
        raise InvalidRequest(
            f"There is no region {region!r} at {clients.credential.address}.",
            hint=f"The cluster there is {name!r}.",
            provider="proxmox",
        )


def get_nodes(clients: ProxmoxClients, doing: str) -> list[Node]:
    """Return the nodes of the cluster by name, also those that are offline.

    Raises UnexpectedAnswer when a node cannot be read, or when the list is empty: callers conclude
    from this list what is true of all nodes.
    """
    nodes = clients.get_list("nodes", doing)
    if not nodes:
        raise UnexpectedAnswer(f"Could not {doing}: the cluster has no nodes.", provider="proxmox")
    return sorted((to_node(item) for item in nodes), key=lambda node: node.name)


def to_node(item: Any) -> Node:
    """Return a node from an item of the cluster's list; raises UnexpectedAnswer without a name."""
    if not isinstance(item, Mapping):
        raise missing("node")
    total, used = to_integer(item.get("maxmem")), to_integer(item.get("mem"))
    return Node(
        name=required_text(item, "node"),
        online=item.get("status") == "online",
        cores=to_integer(item.get("maxcpu")) or None,
        memory_mib=total // 1024**2 if total else None,
        free_mib=(total - used) // 1024**2 if total and used is not None else None,
    )

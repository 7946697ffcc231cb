"""The bridges of one node, on which machines can have their network cards.

Source: https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/network
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.fields import missing, required_text

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

_BRIDGES: Final = frozenset({"bridge", "OVSBridge", "vnet"})


def get_interfaces(connections: ProxmoxConnections, node: str, doing: str) -> list[Any]:
    """Return what a node tells when it is asked for its bridges and VNets."""
    return connections.get_list(f"nodes/{node}/network", doing, type="any_bridge")


def to_bridge(interface: Any) -> Mapping[str, Any] | None:
    """Return a bridge or VNet, None for another interface.

    Raises UnexpectedAnswer for one without a name.
    """
    if not isinstance(interface, Mapping):
        raise missing("iface")
    # Bridges were asked for: one that does not tell its type is one.
    kind = interface.get("type") or "bridge"
    if kind not in _BRIDGES:
        return None
    required_text(interface, "iface")
    return interface


def has_bridge(connections: ProxmoxConnections, node: str, name: str, doing: str) -> bool:
    """Return whether a node has a bridge or VNet of a name."""
    found = get_interfaces(connections, node, doing)
    named = (one for one in found if isinstance(one, Mapping) and one.get("iface") == name)
    return any(to_bridge(one) is not None for one in named)

"""The bridges and VNets of one node, to which guests can connect.

Source: https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/network
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.fields import missing, required_text

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

_BRIDGES: Final = frozenset({"bridge", "OVSBridge", "vnet"})


def get_interfaces(clients: ProxmoxClients, node: str, doing: str) -> list[Any]:
    """Return the list of a node's bridges and VNets, as the API returns it."""
    return clients.get_list(f"nodes/{node}/network", doing, type="any_bridge")


def to_bridge(interface: Any) -> Mapping[str, Any] | None:
    """Return a bridge or VNet, None for another interface.

    Raises UnexpectedAnswer for an interface without a name.
    """
    if not isinstance(interface, Mapping):
        raise missing("iface")
    # The request lists bridges only, so an interface without a type is a bridge.
    kind = interface.get("type") or "bridge"
    if kind not in _BRIDGES:
        return None
    required_text(interface, "iface")
    return interface


def has_bridge(clients: ProxmoxClients, node: str, name: str, doing: str) -> bool:
    """Return whether a node has a bridge or VNet with a name."""
    return any(
        to_bridge(interface) is not None
        for interface in get_interfaces(clients, node, doing)
        if isinstance(interface, Mapping) and interface.get("iface") == name
    )

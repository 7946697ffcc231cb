"""The network interfaces of a server, derived from its addresses.

Source: https://docs.openstack.org/api-ref/compute/#servers-servers (`addresses`)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from pydantic import JsonValue

from providers.openstack.fields import Json, inner, objects, text
from providers.openstack.name_cache import Names
from skyclust.errors import UnexpectedAnswer

_KIND: Final = "OS-EXT-IPS:type"
_MAC: Final = "OS-EXT-IPS-MAC:mac_addr"


@dataclass
class Interface:
    """One interface: its network, the subnet of its first fixed address, and its addresses."""

    network: str | None
    subnet: str | None = None
    private: list[str] = field(default_factory=list)
    public: list[str] = field(default_factory=list)

    @property
    def attribute(self) -> dict[str, JsonValue]:
        """Return the interface as an attribute of an instance."""
        return {
            "network": self.network,
            "subnet": self.subnet,
            "private_addresses": [*ipv4_first(self.private)],
            "public_addresses": [*ipv4_first(self.public)],
        }


def to_interfaces(server: Json, names: Names) -> list[Interface]:
    """Return the interfaces of a server, the primary one first.

    Nova groups addresses by the name of their network; the MAC address distinguishes the
    interfaces in one network. A floating IP has the MAC address of its interface.
    """
    project = text(server, "tenant_id") or ""
    networks = inner(server, "addresses")
    interfaces: dict[tuple[str, str | None], Interface] = {}
    for name in networks:
        network = names.network(project, name)
        for entry in objects(networks, name) or ():
            address = text(entry, "addr")
            if address is None:
                continue
            interface = interfaces.setdefault((name, text(entry, _MAC)), Interface(network))
            floating = text(entry, _KIND) == "floating"
            if not floating and interface.subnet is None:
                interface.subnet = names.subnet(network, address)
            is_public = floating or is_global(address)
            (interface.public if is_public else interface.private).append(address)
    return list(interfaces.values())


def to_addresses(
    interfaces: Sequence[Interface],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the private and the public addresses of all interfaces, IPv4 first."""
    private = [address for interface in interfaces for address in interface.private]
    public = [address for interface in interfaces for address in interface.public]
    return tuple(ipv4_first(private)), tuple(ipv4_first(public))


def ipv4_first(addresses: Iterable[str]) -> list[str]:
    """Return addresses with those of IPv4 first, otherwise in their order."""
    return sorted(addresses, key=lambda address: ":" in address)


def is_global(address: str) -> bool:
    """Return whether an address is reachable from the Internet.

    A network may be routed to the Internet directly: its addresses are public without a floating
    IP. The ranges are those of the registries of special purpose addresses (RFC 6890). Raises
    UnexpectedAnswer for a text that is not an address.
    """
    try:
        return ip_address(address).is_global
    except ValueError:
        raise UnexpectedAnswer(
            f"{address!r:.60} is not an address.", provider="openstack"
        ) from None

"""The interfaces of a server, as Nova tells them by its addresses.

Source: https://docs.openstack.org/api-ref/compute/#servers-servers (`addresses`)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from pydantic import JsonValue

from providers.openstack.fields import Json, inner, objects, text
from providers.openstack.network_names import Names
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
        """Return the interface as an attribute of a machine."""
        return {
            "network": self.network,
            "subnet": self.subnet,
            "private_addresses": [*ipv4_first(self.private)],
            "public_addresses": [*ipv4_first(self.public)],
        }


def to_interfaces(server: Json, names: Names) -> list[Interface]:
    """Return the interfaces of a server, the primary one first.

    Nova shows addresses by the name of their network, those of all interfaces in it together;
    the MAC address tells them apart. A floating address stands at the interface that it leads to.
    """
    project = text(server, "tenant_id") or ""
    networks = inner(server, "addresses")
    found: dict[tuple[str, str | None], Interface] = {}
    for name in networks:
        network = names.network(project, name)
        for one in objects(networks, name) or ():
            address = text(one, "addr")
            if address is None:
                continue
            interface = found.setdefault((name, text(one, _MAC)), Interface(network))
            floating = text(one, _KIND) == "floating"
            if not floating and interface.subnet is None:
                interface.subnet = names.subnet(network, address)
            is_public = floating or is_global(address)
            (interface.public if is_public else interface.private).append(address)
    return list(found.values())


def to_addresses(
    interfaces: Sequence[Interface],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the private and the public addresses of all interfaces, IPv4 first."""
    private = [address for one in interfaces for address in one.private]
    public = [address for one in interfaces for address in one.public]
    return tuple(ipv4_first(private)), tuple(ipv4_first(public))


def ipv4_first(addresses: Iterable[str]) -> list[str]:
    """Return addresses with those of IPv4 first, otherwise in their order."""
    return sorted(addresses, key=lambda one: ":" in one)


def is_global(address: str) -> bool:
    """Return whether an address can be reached from everywhere.

    A network may lead to the Internet by itself: its addresses are public without floating. The
    ranges are those of the registries of special purpose addresses (RFC 6890). Raises
    UnexpectedAnswer for what is no address.
    """
    try:
        return ip_address(address).is_global
    except ValueError:
        raise UnexpectedAnswer(f"{address!r:.60} is no address.", provider="openstack") from None

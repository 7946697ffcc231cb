"""The addresses that may be called: public addresses over TLS, and those that the operator allows.

The operator of a worker is the person who sets its environment and owns its home folder. The
person who adds a credential chooses its endpoint, and is not trusted to reach the worker's network.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PLAIN: Final = "http://"

# RFC 6052, section 2.1: an IPv6 address that represents an IPv4 address behind a translator.
_NAT64: Final = IPv6Network("64:ff9b::/96")

_UNICAST: Final = IPv6Network("2000::/3")
"""All of IPv6 that is routed on the internet
(https://www.iana.org/assignments/ipv6-address-space)."""

_SPECIAL: Final = (
    # `is_global` of ipaddress differs between releases of Python; these networks are not public
    # (https://www.iana.org/assignments/iana-ipv4-special-registry, and for IPv6).
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("168.63.129.16/32"),  # Azure's own services, within every virtual network
    IPv6Network("2001::/23"),
    IPv6Network("2001:db8::/32"),
    IPv6Network("3fff::/20"),
)


@dataclass(frozen=True)
class AllowedNetwork:
    """Addresses that the operator allows; at one port or all, with plain HTTP or TLS only."""

    network: Network
    port: int | None = None
    plain_http: bool = False

    def __str__(self) -> str:
        whole = self.network.prefixlen == self.network.max_prefixlen
        host = str(self.network.network_address if whole else self.network)
        if self.port is not None:
            host = f"[{host}]:{self.port}" if self.network.version == 6 else f"{host}:{self.port}"
        return f"{PLAIN if self.plain_http else ''}{host}"

    def covers(self, address: Address, port: int) -> bool:
        """Return whether this entry allows an address at a port."""
        same_version = self.network.version == address.version
        return same_version and address in self.network and self.port in {None, port}


def parse_allowed_network(text: str) -> AllowedNetwork:
    """Return an entry of the operator's list: `10.0.0.0/8`, `10.1.2.3:8006`, `http://[::1]:80`.

    `http://` before it allows plain HTTP too. Raises ValueError for anything else, names of hosts
    included: the owner of a DNS name can change its addresses.
    """
    entry = text.strip()
    plain_http = entry.startswith(PLAIN)
    host = entry.removeprefix(PLAIN).removeprefix("https://").removesuffix("/")
    port: int | None = None
    if host.startswith("["):
        host, _, behind = host[1:].partition("]")
        port = _port(behind.removeprefix(":"), text) if behind else None
    elif host.count(":") == 1:
        host, _, digits = host.partition(":")
        port = _port(digits, text)
    try:
        return AllowedNetwork(ip_network(host), port, plain_http)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is not a network: write 10.0.0.0/8, 10.1.2.3:8006 or http://127.0.0.1:5000"
            f" ({error})"
        ) from None


def _port(digits: str, text: str) -> int:
    if not (digits.isascii() and digits.isdigit() and 0 < int(digits) <= 65535):
        raise ValueError(f"{text!r} has no port from 1 to 65535")
    return int(digits)


def is_public(address: Address) -> bool:
    """Return whether an address is public, by IANA's registries of special addresses."""
    real = _embedded(address)
    if isinstance(real, IPv6Address) and real not in _UNICAST:
        return False
    if any(real.version == network.version and real in network for network in _SPECIAL):
        return False
    return real.is_global and not real.is_multicast


def _embedded(address: Address) -> Address:
    """Return the IPv4 address that is embedded in an IPv6 address, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def refusal(allowed: Iterable[AllowedNetwork], address: str, port: int, *, tls: bool) -> str | None:
    """Return why a connection is refused, None if it is allowed.

    A public address needs TLS. Loopback, link-local, private and reserved addresses need an entry
    in the operator's list, and plain HTTP needs an entry that begins with `http://`.
    """
    given = ip_address(address.partition("%")[0])
    real = _embedded(given)
    entries = [entry for entry in allowed if entry.covers(given, port) or entry.covers(real, port)]
    if not is_public(given) and not entries:
        return f"{address} is {_kind(real)} address"
    if not tls and not any(entry.plain_http for entry in entries):
        return "it is plain HTTP, which others on the network can read and change"
    return None


def has_no_cloud(address: str) -> bool:
    """Return whether no cloud can have the address: it is link-local, multicast or unspecified."""
    real = _embedded(ip_address(address.partition("%")[0]))
    return real.is_link_local or real.is_multicast or real.is_unspecified


def _kind(address: Address) -> str:
    if address.is_loopback:
        return "a loopback"
    if address.is_link_local:
        return "a link-local"
    if address.is_unspecified or address.is_multicast:
        return "no"
    return "a private" if address.is_private else "a reserved"

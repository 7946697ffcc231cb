"""The names of networks, subnets and security groups of each region, cached for a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

CACHE_SECONDS: Final = 60.0
"""How long names are cached: a new network is looked up at once, a renamed one appears after this
time."""

MIN_AGE_SECONDS: Final = 1.0
"""Names younger than this are not read again, even when a network is missing among them."""


@dataclass(frozen=True)
class Names:
    """The ids of networks and security groups by project and name, and the subnets of networks.

    Shared networks have the project "". `port_groups` has the ids of the security groups of each
    server's ports, None until they are needed.
    """

    networks: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    subnets: dict[str, list[tuple[IPv4Network | IPv6Network, str]]] = field(default_factory=dict)
    firewalls: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    port_groups: Mapping[str, set[str]] | None = None

    def network(self, project: str, name: str) -> str | None:
        """Return the id of a project's network, None when the name is unknown or not unique."""
        ids = self.networks.get((project, name)) or self.networks.get(("", name)) or []
        return ids[0] if len(ids) == 1 else None

    def subnet(self, network: str | None, address: str | None) -> str | None:
        """Return the id of the subnet of a network that contains an address."""
        if network is None or address is None:
            return None
        try:
            parsed = ip_address(address)
        except ValueError:
            return None
        ranges = self.subnets.get(network, ())
        return next((subnet for range_, subnet in ranges if parsed in range_), None)

    def firewall(self, project: str, name: str) -> str | None:
        """Return the id of a project's security group, None when it is unknown or not unique."""
        ids = self.firewalls.get((project, name)) or []
        return ids[0] if len(ids) == 1 else None


class NameCache:
    """The names of each region, read when first needed and again after CACHE_SECONDS."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cached: dict[str, tuple[float, Names]] = {}

    def names(
        self, region: str, networks: Iterable[tuple[str, str]], read: Callable[[], Names]
    ) -> Names:
        """Return the names of a region; `read` again when one of these networks is missing."""
        with self._lock:
            read_at, cached = self._cached.get(region, (0.0, None))
        now = time.monotonic()
        if cached is not None and now - read_at < CACHE_SECONDS:
            recent = now - read_at < MIN_AGE_SECONDS
            if recent or all(_has(cached, project, name) for project, name in networks):
                return cached
        names = read()
        with self._lock:
            self._cached[region] = (now, names)
        return names

    def with_ports(
        self, region: str, names: Names, read: Callable[[], Mapping[str, set[str]]]
    ) -> Names:
        """Return names with the security groups of the region's ports, cached with the names."""
        if names.port_groups is not None:
            return names
        extended = replace(names, port_groups=read())
        with self._lock:
            read_at, cached = self._cached.get(region, (0.0, None))
            if cached is names:
                self._cached[region] = (read_at, extended)
        return extended


def _has(names: Names, project: str, name: str) -> bool:
    return (project, name) in names.networks or ("", name) in names.networks

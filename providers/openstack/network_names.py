"""Resolving the names of networks, subnets and security groups in a server to their ids.

Nova reports the network of an address and the security groups of a server by name only. Their ids
come from Neutron; its lists are short compared with the list of servers, and are cached.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.paging import get_pages

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

CACHE_SECONDS: Final = 60.0
"""How long names are cached: a new network is looked up at once, a renamed one appears after this
time."""

MIN_AGE_SECONDS: Final = 1.0
"""Names younger than this are not read again, even when a network is missing among them."""

Json = dict[str, Any]


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
        self, clients: OpenStackClients, region: str, networks: Iterable[tuple[str, str]] = ()
    ) -> Names:
        """Return the names of a region; read again when one of these networks is missing."""
        with self._lock:
            read_at, cached = self._cached.get(region, (0.0, None))
        now = time.monotonic()
        if cached is not None and now - read_at < CACHE_SECONDS:
            recent = now - read_at < MIN_AGE_SECONDS
            if recent or all(_has(cached, project, name) for project, name in networks):
                return cached
        names = read_names(clients, region)
        with self._lock:
            self._cached[region] = (now, names)
        return names

    def with_ports(self, clients: OpenStackClients, region: str, names: Names) -> Names:
        """Return names with the security groups of the region's ports, cached with the names."""
        if names.port_groups is not None:
            return names
        extended = replace(names, port_groups=read_port_groups(clients, region))
        with self._lock:
            read_at, cached = self._cached.get(region, (0.0, None))
            if cached is names:
                self._cached[region] = (read_at, extended)
        return extended


def _has(names: Names, project: str, name: str) -> bool:
    return (project, name) in names.networks or ("", name) in names.networks


def read_names(clients: OpenStackClients, region: str) -> Names:
    """Return the names of networks, subnets and security groups; empty without Neutron."""
    if not clients.has(region, "network"):
        return Names()
    fields = ["id", "name", "project_id", "shared", "router:external"]
    networks = _list(clients, region, "networks", {"fields": fields})
    subnets = _list(clients, region, "subnets", {"fields": ["id", "network_id", "cidr"]})
    fields = ["id", "name", "project_id"]
    groups = _list(
        clients, region, "security_groups", {**clients.project_filter(), "fields": fields}
    )
    return to_names(networks, subnets, groups)


def read_port_groups(clients: OpenStackClients, region: str) -> dict[str, set[str]]:
    """Return the ids of the security groups of each server's ports; empty without Neutron."""
    if not clients.has(region, "network"):
        return {}
    params = {**clients.project_filter(), "fields": ["id", "device_id", "security_groups"]}
    return to_port_groups(_list(clients, region, "ports", params))


def _list(clients: OpenStackClients, region: str, collection: str, params: Json) -> list[Json]:
    """Return the objects of a collection of Neutron.

    Anything else in it is left out: the list of that kind in the inventory reports it.
    """
    doing = f"read the names of {collection.replace('_', ' ')} in {region}"
    path = f"/{collection.replace('_', '-')}"
    pages = get_pages(clients, region, "network", path, collection, doing=doing, params=params)
    return [item for page in pages for item in page if isinstance(item, dict)]


def to_names(networks: Iterable[Json], subnets: Iterable[Json], groups: Iterable[Json]) -> Names:
    """Return the names in lists of Neutron; an item without an id or a name is left out."""
    names = Names()
    for network in networks:
        projects = {_text(network, "project_id")}
        if network.get("shared") or network.get("router:external"):
            projects.add("")
        for project in projects:
            _add(names.networks, (project, _text(network, "name")), _text(network, "id"))
    for subnet in sorted(subnets, key=lambda subnet: _text(subnet, "id")):
        try:
            range_ = ip_network(_text(subnet, "cidr"), strict=False)
        except ValueError:
            continue
        if _text(subnet, "id") and _text(subnet, "network_id"):
            ranges = names.subnets.setdefault(_text(subnet, "network_id"), [])
            ranges.append((range_, _text(subnet, "id")))
    for group in groups:
        key = (_text(group, "project_id"), _text(group, "name"))
        _add(names.firewalls, key, _text(group, "id"))
    return names


def to_port_groups(ports: Iterable[Json]) -> dict[str, set[str]]:
    """Return the ids of the security groups of ports by the server of the port."""
    by_server: dict[str, set[str]] = {}
    for port in ports:
        groups, server = port.get("security_groups"), _text(port, "device_id")
        if server and isinstance(groups, list):
            by_server.setdefault(server, set()).update(map(str, filter(None, groups)))
    return by_server


def _add(ids: dict[tuple[str, str], list[str]], key: tuple[str, str], id_: str) -> None:
    if key[1] and id_:
        ids.setdefault(key, []).append(id_)


def _text(item: Json, key: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) else ""

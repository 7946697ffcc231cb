"""What the names in a server's description stand for: networks, subnets and security groups.

Nova tells the network of an address and the security groups of a server by their names only.
The ids are Neutron's; its lists are short beside the list of servers, and are kept for a while.
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

KEPT_SECONDS: Final = 60.0
"""How long names are remembered: a new network is looked for at once, a new name for an old
one is seen after this time."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Names:
    """Ids by project and name; shared networks stand under the project "".

    `port_groups` has the security groups of each server's ports, once somebody needed them.
    """

    networks: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    subnets: dict[str, list[tuple[IPv4Network | IPv6Network, str]]] = field(default_factory=dict)
    firewalls: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    port_groups: Mapping[str, set[str]] | None = None

    def network(self, project: str, name: str) -> str | None:
        """Return the id of a project's network, None when the name is unknown or not unique."""
        found = self.networks.get((project, name)) or self.networks.get(("", name)) or []
        return found[0] if len(found) == 1 else None

    def subnet(self, network: str | None, address: str | None) -> str | None:
        """Return the id of a network's subnet that an address lies in."""
        if network is None or address is None:
            return None
        try:
            inside = ip_address(address)
        except ValueError:
            return None
        ranges = self.subnets.get(network, ())
        return next((subnet for range_, subnet in ranges if inside in range_), None)

    def firewall(self, project: str, name: str) -> str | None:
        """Return the id of a project's security group, None when it is unknown or not unique."""
        found = self.firewalls.get((project, name)) or []
        return found[0] if len(found) == 1 else None


class NameBook:
    """The names of each region, read when first needed and again after some time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Names]] = {}

    def names(
        self, clients: OpenStackClients, region: str, wanted: Iterable[tuple[str, str]] = ()
    ) -> Names:
        """Return the names of a region; read anew when a wanted network is not among them."""
        with self._lock:
            read_at, kept = self._kept.get(region, (0.0, None))
        now = time.monotonic()
        if kept is not None and now - read_at < KEPT_SECONDS:
            fresh_enough = now - read_at < 1.0
            if fresh_enough or all(_has(kept, project, name) for project, name in wanted):
                return kept
        read = read_names(clients, region)
        with self._lock:
            self._kept[region] = (now, read)
        return read

    def with_ports(self, clients: OpenStackClients, region: str, names: Names) -> Names:
        """Return names with the security groups of the region's ports, read once for each read."""
        if names.port_groups is not None:
            return names
        known = replace(names, port_groups=read_port_groups(clients, region))
        with self._lock:
            read_at, kept = self._kept.get(region, (0.0, None))
            if kept is names:
                self._kept[region] = (read_at, known)
        return known


def _has(names: Names, project: str, name: str) -> bool:
    return (project, name) in names.networks or ("", name) in names.networks


def read_names(clients: OpenStackClients, region: str) -> Names:
    """Return the names of networks, subnets and security groups; empty without Neutron."""
    if not clients.has(region, "network"):
        return Names()
    shown = ["id", "name", "project_id", "shared", "router:external"]
    networks = _listed(clients, region, "networks", {"fields": shown})
    subnets = _listed(clients, region, "subnets", {"fields": ["id", "network_id", "cidr"]})
    shown = ["id", "name", "project_id"]
    groups = _listed(clients, region, "security_groups", {**_own(clients), "fields": shown})
    return to_names(networks, subnets, groups)


def read_port_groups(clients: OpenStackClients, region: str) -> dict[str, set[str]]:
    """Return the ids of the security groups of each server's ports; empty without Neutron."""
    if not clients.has(region, "network"):
        return {}
    shown = {**_own(clients), "fields": ["id", "device_id", "security_groups"]}
    return to_port_groups(_listed(clients, region, "ports", shown))


def _own(clients: OpenStackClients) -> Json:
    return {} if clients.credential.all_projects else {"project_id": clients.project_id()}


def _listed(clients: OpenStackClients, region: str, what: str, params: Json) -> list[Json]:
    """Return what Neutron lists; what is no object there is named by the list of its own kind."""
    doing = f"read the names of {what.replace('_', ' ')} in {region}"
    path = f"/{what.replace('_', '-')}"
    pages = get_pages(clients, region, "network", path, what, doing=doing, params=params)
    return [one for page in pages for one in page if isinstance(one, dict)]


def to_names(networks: Iterable[Json], subnets: Iterable[Json], groups: Iterable[Json]) -> Names:
    """Return what Neutron lists as ids by name; what has no id or no name stands for nothing."""
    names = Names()
    for network in networks:
        projects = {_text(network, "project_id")}
        if network.get("shared") or network.get("router:external"):
            projects.add("")
        for project in projects:
            _note(names.networks, (project, _text(network, "name")), _text(network, "id"))
    for subnet in sorted(subnets, key=lambda one: _text(one, "id")):
        try:
            range_ = ip_network(_text(subnet, "cidr"), strict=False)
        except ValueError:
            continue
        if _text(subnet, "id") and _text(subnet, "network_id"):
            ranges = names.subnets.setdefault(_text(subnet, "network_id"), [])
            ranges.append((range_, _text(subnet, "id")))
    for group in groups:
        key = (_text(group, "project_id"), _text(group, "name"))
        _note(names.firewalls, key, _text(group, "id"))
    return names


def to_port_groups(ports: Iterable[Json]) -> dict[str, set[str]]:
    """Return the ids of security groups by the server whose ports have them."""
    found: dict[str, set[str]] = {}
    for port in ports:
        groups = port.get("security_groups")
        if _text(port, "device_id") and isinstance(groups, list):
            found.setdefault(_text(port, "device_id"), set()).update(map(str, filter(None, groups)))
    return found


def _note(ids: dict[tuple[str, str], list[str]], key: tuple[str, str], found: str) -> None:
    if key[1] and found:
        ids.setdefault(key, []).append(found)


def _text(thing: Json, key: str) -> str:
    value = thing.get(key)
    return value if isinstance(value, str) else ""

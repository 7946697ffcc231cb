"""What the names in a server's description stand for: networks, subnets and security groups.

Nova tells the network of an address and the security groups of a server by their names only.
The ids are Neutron's; its lists are short beside the list of servers, and are kept for a while.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.pages import get_all

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

KEPT_SECONDS: Final = 60.0
"""How long names are remembered: a new network is looked for at once, a new name for an old
one is seen after this time."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Names:
    """Ids by project and name; shared networks stand under the project ""."""

    networks: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    subnets: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    firewalls: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def network(self, project: str, name: str) -> str | None:
        """Return the id of a project's network, None when the name is unknown or not unique."""
        found = self.networks.get((project, name)) or self.networks.get(("", name)) or []
        return found[0] if len(found) == 1 else None

    def subnet(self, network: str | None, address: str | None) -> str | None:
        """Return the id of a network's subnet that an address lies in."""
        if network is None or address is None:
            return None
        inside = ip_address(address)
        for cidr, subnet in self.subnets.get(network, ()):
            if inside in ip_network(cidr, strict=False):
                return subnet
        return None

    def firewall(self, project: str, name: str) -> str:
        """Return the id of a project's security group; the name where it is not unique."""
        found = self.firewalls.get((project, name)) or []
        return found[0] if len(found) == 1 else name


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


def _has(names: Names, project: str, name: str) -> bool:
    return (project, name) in names.networks or ("", name) in names.networks


def read_names(clients: OpenStackClients, region: str) -> Names:
    """Return the names of networks, subnets and security groups; empty without Neutron."""
    if not clients.has(region, "network"):
        return Names()
    doing = f"read the names of networks in {region}"
    every = clients.credential.all_projects
    own = {} if every else {"project_id": clients.project_id()}
    networks = get_all(
        clients,
        region,
        "network",
        "/networks",
        "networks",
        doing=doing,
        params={"fields": ["id", "name", "project_id", "shared", "router:external"]},
    )
    subnets = get_all(
        clients,
        region,
        "network",
        "/subnets",
        "subnets",
        doing=doing,
        params={"fields": ["id", "network_id", "cidr"]},
    )
    groups = get_all(
        clients,
        region,
        "network",
        "/security-groups",
        "security_groups",
        doing=doing,
        params={**own, "fields": ["id", "name", "project_id"]},
    )
    return to_names(networks, subnets, groups)


def to_names(networks: Iterable[Json], subnets: Iterable[Json], groups: Iterable[Json]) -> Names:
    """Return what Neutron lists as ids by name."""
    names = Names()
    for network in networks:
        projects = {str(network.get("project_id") or "")}
        if network.get("shared") or network.get("router:external"):
            projects.add("")
        for project in projects:
            names.networks.setdefault((project, network["name"]), []).append(network["id"])
    for subnet in sorted(subnets, key=lambda one: str(one["id"])):
        ranges = names.subnets.setdefault(subnet["network_id"], [])
        ranges.append((subnet["cidr"], subnet["id"]))
    for group in groups:
        key = (str(group.get("project_id") or ""), group["name"])
        names.firewalls.setdefault(key, []).append(group["id"])
    return names

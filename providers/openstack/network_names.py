"""Resolving the names of networks, subnets and security groups in a server to their ids.

Nova reports the network of an address and the security groups of a server by name only. Their ids
come from Neutron; its lists are short compared with the list of servers, and are cached.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from providers.openstack.name_cache import Names
from providers.openstack.paging import get_pages

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

Json = dict[str, Any]


def get_names(
    clients: OpenStackClients, region: str, networks: Iterable[tuple[str, str]] = ()
) -> Names:
    """Return the names of a region, from the cache unless one of these networks is missing."""
    return clients.names.names(region, networks, partial(read_names, clients, region))


def with_ports(clients: OpenStackClients, region: str, names: Names) -> Names:
    """Return names with the security groups of the region's ports, cached with the names."""
    return clients.names.with_ports(region, names, partial(read_port_groups, clients, region))


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

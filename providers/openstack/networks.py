"""Networks and subnets of Neutron.

Source: https://docs.openstack.org/api-ref/network/v2/#networks and `#subnets`
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.instances import to_moment
from providers.openstack.pages import get_all, get_pages
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

Json = dict[str, Any]

STATES: Final = {
    "ACTIVE": ResourceState.AVAILABLE,
    "BUILD": ResourceState.PENDING,
    "DOWN": ResourceState.UNAVAILABLE,
    "ERROR": ResourceState.ERROR,
}


def get_networks(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Json]]:
    """Yield the project's networks and those shared with it, page by page.

    Neutron shows an administrator the networks of everybody, so the project is asked for.
    """
    doing = f"list network in {region}"
    project = clients.project_id()
    every = clients.credential.all_projects
    cidrs = _cidrs(clients, region)
    for page in get_pages(
        clients,
        region,
        "network",
        "/networks",
        "networks",
        doing=doing,
        params={} if every else {"project_id": project},
        page_size=page_size,
    ):
        yield [{**one, "cidrs": cidrs.get(one["id"], [])} for one in page]
    if every:
        return
    for page in get_pages(
        clients,
        region,
        "network",
        "/networks",
        "networks",
        doing=doing,
        params={"shared": "true"},
        page_size=page_size,
    ):
        others = [one for one in page if one.get("project_id") != project]
        yield [{**one, "cidrs": cidrs.get(one["id"], [])} for one in others]


def _cidrs(clients: OpenStackClients, region: str) -> dict[str, list[str]]:
    """Return the address ranges of each network: Neutron names only the ids of its subnets."""
    subnets = get_all(
        clients,
        region,
        "network",
        "/subnets",
        "subnets",
        doing=f"list network in {region}",
        params={"fields": ["id", "network_id", "cidr"]},
    )
    return to_cidrs(subnets)


def to_cidrs(subnets: Iterable[Json]) -> dict[str, list[str]]:
    """Return the address ranges of subnets by network, IPv4 first and in order."""
    found: dict[str, list[str]] = {}
    for subnet in subnets:
        found.setdefault(subnet["network_id"], []).append(subnet["cidr"])
    return {network: sorted(cidrs, key=_position) for network, cidrs in found.items()}


def _position(cidr: str) -> tuple[int, int]:
    network = ip_network(cidr, strict=False)
    return network.version, int(network.network_address)


def to_network(region: str, network: Json) -> Resource:
    """Return a network as an inventory resource."""
    native_state = str(network.get("status") or "ACTIVE")
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.NETWORK,
        id=network["id"],
        name=network.get("name") or "",
        state=STATES.get(native_state, ResourceState.UPDATING),
        native_state=native_state,
        tags=to_tags(network),
        created_at=to_moment(network.get("created_at")),
        attributes={
            "cidrs": list(network.get("cidrs") or ()),
            "default": bool(network.get("is_default", False)),
            "description": network.get("description") or None,
            "external": bool(network.get("router:external", False)),
            "mtu": network.get("mtu"),
            "project": network.get("project_id"),
            "shared": bool(network.get("shared", False)),
        },
    )


def get_subnets(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Json]]:
    """Yield the project's subnets, page by page."""
    return get_pages(
        clients,
        region,
        "network",
        "/subnets",
        "subnets",
        doing=f"list subnet in {region}",
        params=own_only(clients),
        page_size=page_size,
    )


def own_only(clients: OpenStackClients) -> Json:
    """Return the parameters that keep a list of Neutron or Octavia to the project."""
    return {} if clients.credential.all_projects else {"project_id": clients.project_id()}


def to_subnet(region: str, subnet: Json) -> Resource:
    """Return a subnet as an inventory resource; Neutron does not tell how much of it is free."""
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.SUBNET,
        id=subnet["id"],
        name=subnet.get("name") or "",
        tags=to_tags(subnet),
        created_at=to_moment(subnet.get("created_at")),
        attributes={
            "available_addresses": None,
            "cidr": subnet.get("cidr"),
            "default": False,
            "description": subnet.get("description") or None,
            "gateway": subnet.get("gateway_ip"),
            "network": subnet.get("network_id"),
            "project": subnet.get("project_id"),
            "public": False,
        },
    )


def to_tags(thing: Json) -> dict[str, str]:
    """Return the tags of something of Neutron's: words without a value, or `key=value`."""
    pairs = (str(tag).partition("=") for tag in sorted(thing.get("tags") or ()))
    return {key: value for key, _, value in pairs}

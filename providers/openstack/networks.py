"""Networks and subnets of Neutron.

Source: https://docs.openstack.org/api-ref/network/v2/#networks and `#subnets`
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.fields import (
    Json,
    flag,
    integer,
    required_id,
    text,
    texts,
    timestamp,
)
from providers.openstack.paging import get_pages
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

STATES: Final = {
    "ACTIVE": ResourceState.AVAILABLE,
    "BUILD": ResourceState.PENDING,
    "DOWN": ResourceState.UNAVAILABLE,
    "ERROR": ResourceState.ERROR,
}


def get_networks(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Any]]:
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
        yield [_with_cidrs(one, cidrs) for one in page]
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
        yield [_with_cidrs(one, cidrs) for one in page if not _is_of(one, project)]


def _is_of(network: Any, project: str) -> bool:
    return isinstance(network, dict) and network.get("project_id") == project


def _with_cidrs(network: Any, cidrs: dict[str, list[str] | None]) -> Any:
    """Return a network with the ranges of its subnets, None where not all of them are told."""
    if not isinstance(network, dict):
        return network
    return {**network, "cidrs": cidrs.get(str(network.get("id")), [])}


def _cidrs(clients: OpenStackClients, region: str) -> dict[str, list[str] | None]:
    """Return the address ranges of each network: Neutron names only the ids of its subnets."""
    pages = get_pages(
        clients,
        region,
        "network",
        "/subnets",
        "subnets",
        doing=f"list network in {region}",
        params={"fields": ["id", "network_id", "cidr"]},
    )
    return to_cidrs(one for page in pages for one in page if isinstance(one, dict))


def to_cidrs(subnets: Iterable[Json]) -> dict[str, list[str] | None]:
    """Return the address ranges of subnets by network, IPv4 first and in order.

    None for a network with a subnet whose range is not told.
    """
    found: dict[str, list[str] | None] = {}
    for subnet in subnets:
        network, cidr = str(subnet.get("network_id")), subnet.get("cidr")
        known = found.setdefault(network, [])
        if known is not None and _is_range(cidr):
            known.append(str(cidr))
        else:
            found[network] = None
    return {
        network: None if cidrs is None else sorted(cidrs, key=_position)
        for network, cidrs in found.items()
    }


def _is_range(cidr: object) -> bool:
    try:
        ip_network(str(cidr), strict=False)
    except ValueError:
        return False
    return True


def _position(cidr: str) -> tuple[int, int]:
    network = ip_network(cidr, strict=False)
    return network.version, int(network.network_address)


def to_network(region: str, network: Json) -> Resource:
    """Return a network as an inventory resource.

    No network is the default one: a machine for which none is asked lands in the only one that
    the project has.
    """
    native_state = text(network, "status")
    cidrs = texts(network, "cidrs")
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.NETWORK,
        id=required_id(network),
        name=text(network, "name") or "",
        state=STATES.get(native_state, ResourceState.UPDATING) if native_state else None,
        native_state=native_state,
        tags=to_tags(network),
        created_at=timestamp(network, "created_at"),
        attributes={
            "cidrs": None if cidrs is None else [*cidrs],
            "default": None,
            "description": text(network, "description"),
            "external": flag(network, "router:external"),
            "mtu": integer(network, "mtu"),
            "project": text(network, "project_id"),
            "shared": flag(network, "shared"),
        },
    )


def get_subnets(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Any]]:
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
    """Return a subnet as an inventory resource: one range, of IPv4 or of IPv6.

    A network of both has a subnet for each. Neutron does not tell how much of it is free, nor
    whether its addresses are public.
    """
    cidr = text(subnet, "cidr")
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.SUBNET,
        id=required_id(subnet),
        name=text(subnet, "name") or "",
        tags=to_tags(subnet),
        created_at=timestamp(subnet, "created_at"),
        attributes={
            "available_addresses": None,
            "cidr": cidr if cidr and ":" not in cidr else None,
            "cidrs": [cidr] if cidr else None,
            "default": None,
            "description": text(subnet, "description"),
            "gateway": text(subnet, "gateway_ip"),
            "network": text(subnet, "network_id"),
            "project": text(subnet, "project_id"),
            "public": None,
        },
    )


def to_tags(thing: Json) -> dict[str, str]:
    """Return the tags of something of Neutron's: words without a value, or `key=value`."""
    parts = (tag.partition("=") for tag in sorted(texts(thing, "tags") or ()))
    return {key: value for key, _, value in parts}

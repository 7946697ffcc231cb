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

    The request names the project: Neutron returns the networks of all projects to an
    administrator.
    """
    doing = f"list network in {region}"
    project = clients.project_id()
    cidrs = _cidrs(clients, region)
    for page in get_pages(
        clients,
        region,
        "network",
        "/networks",
        "networks",
        doing=doing,
        params=clients.project_filter(),
        page_size=page_size,
    ):
        yield [_with_cidrs(network, cidrs) for network in page]
    if clients.credential.all_projects:
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
        yield [_with_cidrs(network, cidrs) for network in page if not _is_own(network, project)]


def _is_own(network: Any, project: str) -> bool:
    return isinstance(network, dict) and network.get("project_id") == project


def _with_cidrs(network: Any, cidrs: dict[str, list[str] | None]) -> Any:
    """Return a network with the CIDRs of its subnets, None where one of them is unknown."""
    if not isinstance(network, dict):
        return network
    return {**network, "cidrs": cidrs.get(str(network.get("id")), [])}


def _cidrs(clients: OpenStackClients, region: str) -> dict[str, list[str] | None]:
    """Return the CIDRs of each network: in a network Neutron reports only its subnets' ids."""
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
    """Return the CIDRs of subnets by network, sorted with IPv4 first.

    None for a network with a subnet whose CIDR is unknown.
    """
    by_network: dict[str, list[str] | None] = {}
    for subnet in subnets:
        network, cidr = str(subnet.get("network_id")), subnet.get("cidr")
        cidrs = by_network.setdefault(network, [])
        if cidrs is not None and _is_cidr(cidr):
            cidrs.append(str(cidr))
        else:
            by_network[network] = None
    return {
        network: None if cidrs is None else sorted(cidrs, key=_sort_key)
        for network, cidrs in by_network.items()
    }


def _is_cidr(cidr: object) -> bool:
    try:
        ip_network(str(cidr), strict=False)
    except ValueError:
        return False
    return True


def _sort_key(cidr: str) -> tuple[int, int]:
    network = ip_network(cidr, strict=False)
    return network.version, int(network.network_address)


def to_network(region: str, network: Json) -> Resource:
    """Return a network as an inventory resource.

    No network is the default: a server without a network in its spec is created in the only
    network of the project.
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
        params=clients.project_filter(),
        page_size=page_size,
    )


def to_subnet(region: str, subnet: Json) -> Resource:
    """Return a subnet as an inventory resource: one range, of IPv4 or of IPv6.

    A network with both has a subnet for each. Neutron reports neither the number of free
    addresses nor whether the addresses are public.
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


def to_tags(item: Json) -> dict[str, str]:
    """Return the tags of an object of Neutron or Octavia; `key=value` is split, others get ""."""
    parts = (tag.partition("=") for tag in sorted(texts(item, "tags") or ()))
    return {key: value for key, _, value in parts}

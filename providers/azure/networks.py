"""Virtual networks and their subnets, which Azure returns as a field of the network.

Source: https://learn.microsoft.com/en-us/rest/api/virtualnetwork/virtual-networks
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

from providers.azure import api_versions, provisioning
from providers.azure.fields import inner, objects, text, texts
from providers.azure.paging import Page, unreadable
from providers.azure.resources import id_of, location_of, name_of, tags_of
from skyclust.errors import UnexpectedAnswer
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

NETWORKS: Final = "/providers/Microsoft.Network/virtualNetworks"

_RESERVED_BY_AZURE: Final = 5
"""The number of addresses that Azure reserves in each subnet
(https://learn.microsoft.com/en-us/azure/virtual-network/virtual-networks-faq)."""


def get_networks(clients: AzureClients) -> Iterator[Page]:
    """Yield the virtual networks of the subscription, page by page."""
    for page in clients.pages(clients.subscription + NETWORKS, api_versions.NETWORK):
        yield Page(page, to_network)


def get_subnets(clients: AzureClients) -> Iterator[Page]:
    """Yield the subnets of all networks, page by page; an unreadable network is yielded itself."""
    for page in clients.pages(clients.subscription + NETWORKS, api_versions.NETWORK):
        subnets: list[Document] = []
        for network in page:
            try:
                subnets += to_subnets(network)
            except UnexpectedAnswer as error:
                yield unreadable(network, error)
        yield Page(subnets, to_subnet)


def to_subnets(network: Document) -> list[Document]:
    """Return the subnets of a network, each with the location of the network.

    Raises UnexpectedAnswer for a network without the list: that does not mean an empty list.
    """
    properties = inner(network, "properties")
    subnets = objects(properties, "subnets")
    if properties.get("subnets") is None:
        raise UnexpectedAnswer("It has no 'subnets'.", provider="azure")
    return [{"location": network.get("location"), **subnet} for subnet in subnets]


def to_network(network: Document) -> Resource:
    """Return a virtual network as an inventory resource.

    The first address range stays first, the others are sorted.
    """
    prefixes = texts(inner(inner(network, "properties"), "addressSpace"), "addressPrefixes")
    cidrs: list[JsonValue] = [*prefixes[:1], *sorted(prefixes[1:])]
    state, native = provisioning.state_and_native(network, ResourceState.AVAILABLE)
    return Resource(
        provider="azure",
        region=location_of(network),
        kind=ResourceKind.NETWORK,
        id=id_of(network),
        name=name_of(network),
        state=state,
        native_state=native,
        tags=tags_of(network),
        attributes={"cidrs": cidrs or None, "default": False},
    )


def to_subnet(subnet: Document) -> Resource:
    """Return a subnet as an inventory resource; a dual-stack subnet has two ranges."""
    ranges = ranges_of(subnet)
    subnet_id = id_of(subnet)
    state, native = provisioning.state_and_native(subnet, ResourceState.AVAILABLE)
    return Resource(
        provider="azure",
        region=location_of(subnet),
        kind=ResourceKind.SUBNET,
        id=subnet_id,
        name=name_of(subnet),
        state=state,
        native_state=native,
        attributes={
            "available_addresses": _available(
                ranges, len(objects(inner(subnet, "properties"), "ipConfigurations"))
            ),
            "cidr": next((each for each in ranges if ":" not in each), None),
            "cidrs": [*ranges] or None,
            "default": False,
            "network": subnet_id.partition("/subnets/")[0],
            "public": False,
        },
    )


def ranges_of(subnet: Mapping[str, Any]) -> list[str]:
    """Return the address ranges of a subnet: IPv4 before IPv6, else in Azure's order."""
    properties = inner(subnet, "properties")
    single = text(properties, "addressPrefix")
    ranges = dict.fromkeys([*([single] if single else ()), *texts(properties, "addressPrefixes")])
    return sorted(ranges, key=lambda each: ":" in each)


def _available(ranges: Sequence[str], used: int) -> int | None:
    """Return the number of free addresses; None for a subnet of several ranges or of IPv6.

    Azure lists the IP configurations of all ranges and both families together.
    """
    if len(ranges) != 1 or ":" in ranges[0]:
        return None
    size = ip_network(ranges[0], strict=False).num_addresses
    return max(0, size - _RESERVED_BY_AZURE - used)

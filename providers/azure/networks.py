"""Networks: virtual networks and their subnets, which Azure lists within them.

Source: https://learn.microsoft.com/en-us/rest/api/virtualnetwork/virtual-networks
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from providers.azure.ids import normal
from providers.azure.instances import tags_of
from providers.azure.provisioning import native, unsettled
from providers.azure.regions import region_of
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.azure.client import Document

_KEPT_BY_AZURE: Final = 5
"""Addresses of each subnet that Azure keeps for itself
(https://learn.microsoft.com/en-us/azure/virtual-network/virtual-networks-faq)."""


def to_subnets(network: Document) -> list[Document]:
    """Return the subnets of a network, each told of its network's location."""
    inner = network["properties"].get("subnets") or []
    return [{"location": network.get("location"), **subnet} for subnet in inner]


def to_network(network: Document) -> Resource:
    """Return a virtual network as an inventory resource; its first range stands first."""
    prefixes = (network["properties"].get("addressSpace") or {}).get("addressPrefixes") or []
    cidrs: list[JsonValue] = [*prefixes[:1], *sorted(prefixes[1:])]
    return Resource(
        provider="azure",
        region=region_of(network),
        kind=ResourceKind.NETWORK,
        id=normal(network["id"]),
        name=network["name"],
        state=unsettled(network) or ResourceState.AVAILABLE,
        native_state=native(network),
        tags=tags_of(network),
        attributes={"cidrs": cidrs, "default": False},
    )


def to_subnet(subnet: Document) -> Resource:
    """Return a subnet as an inventory resource."""
    properties = subnet["properties"]
    ranges = ranges_of(subnet)
    subnet_id = normal(subnet["id"])
    return Resource(
        provider="azure",
        region=region_of(subnet),
        kind=ResourceKind.SUBNET,
        id=subnet_id,
        name=subnet["name"],
        state=unsettled(subnet) or ResourceState.AVAILABLE,
        native_state=native(subnet),
        attributes={
            "available_addresses": _available(
                ranges, len(properties.get("ipConfigurations") or ())
            ),
            "cidr": ranges[0] if ranges else None,
            "default": False,
            "network": subnet_id.partition("/subnets/")[0],
            "public": False,
        },
    )


def ranges_of(subnet: Document) -> list[str]:
    """Return the address ranges of a subnet, the first one first."""
    properties = subnet["properties"]
    one = properties.get("addressPrefix")
    return [one] if one else list(properties.get("addressPrefixes") or ())


def _available(ranges: Sequence[str], used: int) -> int | None:
    first = next((one for one in ranges if ":" not in one), None)
    if first is None:
        return None
    return max(0, ip_network(first, strict=False).num_addresses - _KEPT_BY_AZURE - used)

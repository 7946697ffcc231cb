"""VPC networks and subnets.

Sources: https://cloud.google.com/compute/docs/reference/rest/v1/networks and
https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from providers.gcp import fields
from providers.gcp.links import id_in, id_of, last_segment_in, name_of, self_link
from providers.gcp.timestamps import timestamp_of
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.gcp.client import JsonObject

DEFAULT: Final = "default"
"""The network of an instance whose request names no network (networkInterfaces[].network)."""

SUBNET_STATES: Final = {"READY": ResourceState.AVAILABLE, "DRAINING": ResourceState.UPDATING}


def to_network(region: str, network: JsonObject) -> Resource:
    """Return a network as an inventory resource; only a legacy network has an IPv4 range."""
    link = self_link(network)
    ranges = [fields.text(network, key) for key in ("IPv4Range", "internalIpv6Range")]
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.NETWORK,
        id=id_of(link),
        name=name_of(network, link),
        created_at=timestamp_of(network, "creationTimestamp"),
        attributes={
            "cidrs": [cidr for cidr in ranges if cidr],
            "default": link.name == DEFAULT,
            "description": fields.text(network, "description"),
        },
    )


def to_subnet(region: str, subnet: JsonObject) -> Resource:
    """Return a subnet as an inventory resource.

    No subnet assigns public addresses by default. Only proxy-only subnets have a state.
    """
    link = self_link(subnet)
    native_state = fields.text(subnet, "state")
    network = last_segment_in(subnet, "network")
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.SUBNET,
        id=id_of(link),
        name=name_of(subnet, link),
        state=SUBNET_STATES.get(native_state, ResourceState.UPDATING) if native_state else None,
        native_state=native_state,
        created_at=timestamp_of(subnet, "creationTimestamp"),
        attributes={
            "available_addresses": None,
            "cidr": fields.text(subnet, "ipCidrRange"),
            "cidrs": _ranges(subnet),
            "default": None if network is None else network == DEFAULT,
            "network": id_in(subnet, "network", link.project),
            "public": False,
        },
    )


def _ranges(subnet: JsonObject) -> list[JsonValue]:
    """Return all ranges: IPv4 before IPv6, the primary range of each family first."""
    # An IPv6 range is in the field of its access type and also in ipv6CidrRange.
    primary = [
        fields.text(subnet, key)
        for key in ("ipCidrRange", "internalIpv6Prefix", "externalIpv6Prefix", "ipv6CidrRange")
    ]
    secondary = sorted(
        cidr
        for secondary_range in fields.objects(subnet, "secondaryIpRanges")
        if (cidr := fields.text(secondary_range, "ipCidrRange"))
    )
    ranges = dict.fromkeys([*(cidr for cidr in primary if cidr), *secondary])
    return [*sorted(ranges, key=lambda cidr: ":" in cidr)]

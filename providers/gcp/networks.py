"""Networks and subnets.

Sources: https://cloud.google.com/compute/docs/reference/rest/v1/networks and
https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from providers.gcp import fields
from providers.gcp.links import ending_in, id_in, id_of, name_of, own_link
from providers.gcp.timestamps import moment_of
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.gcp.client import Answer

DEFAULT: Final = "default"
"""The network that an instance gets when none is asked for (networkInterfaces[].network)."""

SUBNET_STATES: Final = {"READY": ResourceState.AVAILABLE, "DRAINING": ResourceState.UPDATING}


def to_network(region: str, network: Answer) -> Resource:
    """Return a network as an inventory resource; only an old one has a range of its own."""
    link = own_link(network)
    ranges = [fields.text(network, key) for key in ("IPv4Range", "internalIpv6Range")]
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.NETWORK,
        id=id_of(link),
        name=name_of(network, link),
        created_at=moment_of(network, "creationTimestamp"),
        attributes={
            "cidrs": [cidr for cidr in ranges if cidr],
            "default": link.name == DEFAULT,
            "description": fields.text(network, "description"),
        },
    )


def to_subnet(region: str, subnet: Answer) -> Resource:
    """Return a subnet as an inventory resource.

    No subnet gives public addresses by itself; the state is told of subnets for proxies only.
    """
    link = own_link(subnet)
    native_state = fields.text(subnet, "state")
    network = ending_in(subnet, "network")
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.SUBNET,
        id=id_of(link),
        name=name_of(subnet, link),
        state=SUBNET_STATES.get(native_state, ResourceState.UPDATING) if native_state else None,
        native_state=native_state,
        created_at=moment_of(subnet, "creationTimestamp"),
        attributes={
            "available_addresses": None,
            "cidr": fields.text(subnet, "ipCidrRange"),
            "cidrs": _ranges(subnet),
            "default": None if network is None else network == DEFAULT,
            "network": id_in(subnet, "network", link.project),
            "public": False,
        },
    )


def _ranges(subnet: Answer) -> list[JsonValue]:
    """Return all ranges: IPv4 before IPv6, of each family the primary one first."""
    # An IPv6 range stands in the field of its kind and, by itself, in ipv6CidrRange.
    primary = [
        fields.text(subnet, key)
        for key in ("ipCidrRange", "internalIpv6Prefix", "externalIpv6Prefix", "ipv6CidrRange")
    ]
    secondary = sorted(
        cidr
        for part in fields.parts(subnet, "secondaryIpRanges")
        if (cidr := fields.text(part, "ipCidrRange"))
    )
    found = dict.fromkeys([*(cidr for cidr in primary if cidr), *secondary])
    return [*sorted(found, key=lambda cidr: ":" in cidr)]

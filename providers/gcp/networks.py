"""Networks and subnets.

Sources: https://cloud.google.com/compute/docs/reference/rest/v1/networks and
https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.gcp.links import ending, home_of, to_id
from providers.gcp.moments import to_moment
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.gcp.client import Answer

DEFAULT: Final = "default"
"""The network that an instance gets when none is asked for (networkInterfaces[].network)."""

SUBNET_STATES: Final = {"READY": ResourceState.AVAILABLE, "DRAINING": ResourceState.UPDATING}


def to_network(region: str, network: Answer) -> Resource:
    """Return a network as an inventory resource; only an old one has a range of its own."""
    ranges = [network.get("IPv4Range"), network.get("internalIpv6Range")]
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.NETWORK,
        id=to_id(network["selfLink"], home_of(network["selfLink"])),
        name=network["name"],
        created_at=to_moment(network.get("creationTimestamp")),
        attributes={
            "cidrs": [cidr for cidr in ranges if cidr],
            "default": network["name"] == DEFAULT,
        },
    )


def to_subnet(region: str, subnet: Answer) -> Resource:
    """Return a subnet as an inventory resource.

    No subnet gives public addresses by itself; the state is told of subnets for proxies only.
    """
    native_state = subnet.get("state")
    home = home_of(subnet["selfLink"])
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.SUBNET,
        id=to_id(subnet["selfLink"], home),
        name=subnet["name"],
        state=SUBNET_STATES.get(native_state, ResourceState.UPDATING) if native_state else None,
        native_state=native_state,
        created_at=to_moment(subnet.get("creationTimestamp")),
        attributes={
            "available_addresses": None,
            "cidr": subnet.get("ipCidrRange"),
            "default": ending(subnet["network"]) == DEFAULT,
            "network": to_id(subnet["network"], home),
            "public": False,
        },
    )

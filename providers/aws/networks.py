"""Networks: VPCs and their subnets.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Vpc.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

from providers.aws.paging import get_pages
from providers.aws.tags import NAME_TAG, to_tags
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import SubnetTypeDef, VpcTypeDef

    from providers.aws.client import AwsClients

NETWORK_STATES: Final = {
    "pending": ResourceState.PENDING,
    "available": ResourceState.AVAILABLE,
    "deleting": ResourceState.DELETING,
}
SUBNET_STATES: Final = {
    "pending": ResourceState.PENDING,
    "available": ResourceState.AVAILABLE,
    "unavailable": ResourceState.UNAVAILABLE,
    "failed": ResourceState.ERROR,
    "failed-insufficient-capacity": ResourceState.ERROR,
}


def get_networks(
    clients: AwsClients, region: str, page_size: int
) -> Iterator[Sequence[VpcTypeDef]]:
    """Yield the VPCs of a region, page by page."""
    yield from get_pages(
        clients.ec2(region), "describe_vpcs", "Vpcs", PaginationConfig={"PageSize": page_size}
    )


def get_subnets(
    clients: AwsClients, region: str, page_size: int
) -> Iterator[Sequence[SubnetTypeDef]]:
    """Yield the subnets of a region, also those shared with the account, page by page."""
    yield from get_pages(
        clients.ec2(region), "describe_subnets", "Subnets", PaginationConfig={"PageSize": page_size}
    )


def to_network(region: str, vpc: VpcTypeDef) -> Resource:
    """Return a VPC as an inventory resource; the primary CIDR block comes first."""
    tags = to_tags(vpc.get("Tags"))
    native_state = vpc.get("State")
    first = vpc.get("CidrBlock")
    ipv4 = _ranges(vpc.get("CidrBlockAssociationSet"), "CidrBlock")
    ipv6 = _ranges(vpc.get("Ipv6CidrBlockAssociationSet"), "Ipv6CidrBlock")
    return Resource(
        provider="aws",
        region=region,
        kind=ResourceKind.NETWORK,
        id=vpc["VpcId"],
        name=tags.get(NAME_TAG, ""),
        state=NETWORK_STATES.get(native_state, ResourceState.UPDATING) if native_state else None,
        native_state=native_state,
        tags=tags,
        attributes={
            "cidrs": _with_first(first, [*ipv4, *ipv6]),
            "default": vpc.get("IsDefault"),
        },
    )


def to_subnet(region: str, subnet: SubnetTypeDef) -> Resource:
    """Return a subnet as an inventory resource; an IPv6-only subnet has no `cidr`."""
    tags = to_tags(subnet.get("Tags"))
    native_state = subnet.get("State")
    first = subnet.get("CidrBlock")
    ipv6 = _ranges(subnet.get("Ipv6CidrBlockAssociationSet"), "Ipv6CidrBlock")
    return Resource(
        provider="aws",
        region=region,
        kind=ResourceKind.SUBNET,
        id=subnet["SubnetId"],
        name=tags.get(NAME_TAG, ""),
        zone=subnet.get("AvailabilityZone"),
        state=SUBNET_STATES.get(native_state, ResourceState.UPDATING) if native_state else None,
        native_state=native_state,
        tags=tags,
        attributes={
            "available_addresses": subnet.get("AvailableIpAddressCount"),
            "cidr": first,
            "cidrs": _with_first(first, ipv6),
            "default": subnet.get("DefaultForAz"),
            "network": subnet.get("VpcId"),
            "public": subnet.get("MapPublicIpOnLaunch"),
        },
    )


def _ranges(associations: Iterable[Mapping[str, Any]] | None, member: str) -> list[str]:
    """Return the associated address ranges, sorted, without those that failed or ended."""
    return sorted(
        association[member]
        for association in associations or ()
        if association.get(member)
        and (association.get(f"{member}State") or {}).get("State") == "associated"
    )


def _with_first(first: str | None, others: Iterable[str]) -> list[JsonValue]:
    return [*dict.fromkeys(cidr for cidr in (first, *others) if cidr)]

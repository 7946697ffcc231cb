"""Networks: VPCs and their subnets.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Vpc.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

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
    pages = clients.ec2(region).get_paginator("describe_vpcs")
    for page in pages.paginate(PaginationConfig={"PageSize": page_size}):
        yield page["Vpcs"]


def get_subnets(
    clients: AwsClients, region: str, page_size: int
) -> Iterator[Sequence[SubnetTypeDef]]:
    """Yield the subnets of a region, those shared with the account too, page by page."""
    pages = clients.ec2(region).get_paginator("describe_subnets")
    for page in pages.paginate(PaginationConfig={"PageSize": page_size}):
        yield page["Subnets"]


def to_network(region: str, vpc: VpcTypeDef) -> Resource:
    """Return a VPC as an inventory resource; its first CIDR block stands first."""
    tags = to_tags(vpc.get("Tags", ()))
    native_state = vpc.get("State", "available")
    cidrs: list[JsonValue] = [vpc["CidrBlock"]]
    cidrs += sorted(
        block["CidrBlock"]
        for block in vpc.get("CidrBlockAssociationSet", ())
        if block["CidrBlock"] != vpc["CidrBlock"]
        and block["CidrBlockState"]["State"] == "associated"
    )
    cidrs += sorted(
        block["Ipv6CidrBlock"]
        for block in vpc.get("Ipv6CidrBlockAssociationSet", ())
        if block["Ipv6CidrBlockState"]["State"] == "associated"
    )
    return Resource(
        provider="aws",
        region=region,
        kind=ResourceKind.NETWORK,
        id=vpc["VpcId"],
        name=tags.get(NAME_TAG, ""),
        state=NETWORK_STATES.get(native_state, ResourceState.UPDATING),
        native_state=native_state,
        tags=tags,
        attributes={"cidrs": cidrs, "default": vpc.get("IsDefault", False)},
    )


def to_subnet(region: str, subnet: SubnetTypeDef) -> Resource:
    """Return a subnet as an inventory resource."""
    tags = to_tags(subnet.get("Tags", ()))
    native_state = subnet.get("State", "available")
    return Resource(
        provider="aws",
        region=region,
        kind=ResourceKind.SUBNET,
        id=subnet["SubnetId"],
        name=tags.get(NAME_TAG, ""),
        zone=subnet.get("AvailabilityZone"),
        state=SUBNET_STATES.get(native_state, ResourceState.UPDATING),
        native_state=native_state,
        tags=tags,
        attributes={
            "available_addresses": subnet.get("AvailableIpAddressCount"),
            "cidr": subnet.get("CidrBlock"),
            "default": subnet.get("DefaultForAz", False),
            "network": subnet.get("VpcId"),
            "public": subnet.get("MapPublicIpOnLaunch", False),
        },
    )

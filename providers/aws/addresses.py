"""Addresses: Elastic IPs.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Address.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from providers.aws.regions import regional_errors
from providers.aws.tags import NAME_TAG, to_tags
from skyclust.errors import NotFound
from skyclust.model.resource import Resource, ResourceKind, ResourceState
from skyclust.providerkit.answers import require_list

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import AddressTypeDef

    from providers.aws.client import AwsClients


def get_addresses(
    clients: AwsClients, region: str, page_size: int
) -> Iterator[Sequence[AddressTypeDef]]:
    """Yield the Elastic IPs of a region in one page: DescribeAddresses has no pages."""
    del page_size
    reply = clients.ec2(region).describe_addresses()
    yield require_list(reply, "Addresses", doing=f"list addresses in {region}", provider="aws")


def describe_address(clients: AwsClients, region: str, address_id: str) -> AddressTypeDef:
    """Return EC2's description of an Elastic IP; raises NotFound when it does not exist."""
    doing = f"read address {address_id} in {region}"
    with regional_errors(clients, region, doing):
        reply = clients.ec2(region).describe_addresses(AllocationIds=[address_id])
        found: list[AddressTypeDef] = require_list(reply, "Addresses", doing=doing, provider="aws")
    for address in found:
        return address
    raise NotFound(f"Could not {doing}: it does not exist.", provider="aws")


def to_address(region: str, address: AddressTypeDef) -> Resource:
    """Return an Elastic IP as an inventory resource; `attached_to` is instance or interface."""
    tags = to_tags(address.get("Tags") or ())
    holder = address.get("InstanceId") or address.get("NetworkInterfaceId")
    attached = bool(holder or address.get("AssociationId"))
    return Resource(
        provider="aws",
        region=region,
        kind=ResourceKind.ADDRESS,
        id=address["AllocationId"],
        name=tags.get(NAME_TAG, ""),
        state=ResourceState.IN_USE if attached else ResourceState.AVAILABLE,
        # EC2 reports no state, only an association or none.
        native_state="associated" if attached else "unassociated",
        tags=tags,
        attributes={
            "address": address.get("PublicIp"),
            "attached_to": [holder] if holder else [],
            "private_address": address.get("PrivateIpAddress"),
        },
    )

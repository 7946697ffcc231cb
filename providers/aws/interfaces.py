"""The network interfaces of an instance, and the addresses that they have.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceNetworkInterface.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceNetworkInterfaceTypeDef, InstanceTypeDef


_PRIVATE: Final = ip_network("fc00::/7")
"""Private IPv6 addresses; all others are public, from Amazon's pool or a pool of the account.
Sources: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html, RFC 4193."""


def device_index(interface: InstanceNetworkInterfaceTypeDef) -> int:
    """Return the device index of an interface; the primary interface has 0."""
    return (interface.get("Attachment") or {}).get("DeviceIndex") or 0


def to_interface(interface: InstanceNetworkInterfaceTypeDef) -> dict[str, JsonValue]:
    """Return an interface as an entry of the attribute `interfaces`."""
    return {
        "id": interface.get("NetworkInterfaceId"),
        "network": interface.get("VpcId"),
        "subnet": interface.get("SubnetId"),
        "firewalls": [*group_ids(interface.get("Groups"))],
        "private_addresses": [*_private(interface)],
        "public_addresses": [*_public(interface)],
    }


def private_addresses(
    ec2_instance: InstanceTypeDef, interfaces: Sequence[InstanceNetworkInterfaceTypeDef]
) -> tuple[str, ...]:
    """Return the private addresses of an instance: the primary address, then by interface."""
    addresses = [ec2_instance.get("PrivateIpAddress")]
    for interface in interfaces:
        addresses += _private(interface)
    return tuple(dict.fromkeys(address for address in addresses if address))


def public_addresses(
    ec2_instance: InstanceTypeDef, interfaces: Sequence[InstanceNetworkInterfaceTypeDef]
) -> tuple[str, ...]:
    """Return the public addresses of an instance: the primary address, then by interface."""
    addresses = [ec2_instance.get("PublicIpAddress")]
    for interface in interfaces:
        addresses += _public(interface)
    return tuple(dict.fromkeys(address for address in addresses if address))


def group_ids(groups: Iterable[Mapping[str, Any]] | None) -> list[str]:
    """Return the ids of security groups, sorted."""
    return sorted(group["GroupId"] for group in groups or () if group.get("GroupId"))


def _private(interface: InstanceNetworkInterfaceTypeDef) -> list[str]:
    ipv4 = (item.get("PrivateIpAddress") for item in interface.get("PrivateIpAddresses") or ())
    ipv6 = (address for address in _ipv6(interface) if ip_address(address) in _PRIVATE)
    return [*sorted(filter(None, ipv4)), *ipv6]


def _public(interface: InstanceNetworkInterfaceTypeDef) -> list[str]:
    ipv4 = (
        (item.get("Association") or {}).get("PublicIp")
        for item in interface.get("PrivateIpAddresses") or ()
    )
    ipv6 = (address for address in _ipv6(interface) if ip_address(address) not in _PRIVATE)
    return [*sorted(filter(None, ipv4)), *ipv6]


def _ipv6(interface: InstanceNetworkInterfaceTypeDef) -> list[str]:
    """Return the IPv6 addresses, sorted."""
    addresses = (item.get("Ipv6Address") for item in interface.get("Ipv6Addresses") or ())
    return sorted(filter(None, addresses))

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
"""IPv6 addresses of a private scope; all others are public, of Amazon's pool or of an own one.
Sources: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html, RFC 4193."""


def device_index(interface: InstanceNetworkInterfaceTypeDef) -> int:
    """Return the place of an interface at its instance; the primary one has 0."""
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
    machine: InstanceTypeDef, interfaces: Sequence[InstanceNetworkInterfaceTypeDef]
) -> tuple[str, ...]:
    """Return the private addresses of an instance: the primary one, then by interface."""
    found = [machine.get("PrivateIpAddress")]
    for interface in interfaces:
        found += _private(interface)
    return tuple(dict.fromkeys(address for address in found if address))


def public_addresses(
    machine: InstanceTypeDef, interfaces: Sequence[InstanceNetworkInterfaceTypeDef]
) -> tuple[str, ...]:
    """Return the public addresses of an instance: the primary one, then by interface."""
    found = [machine.get("PublicIpAddress")]
    for interface in interfaces:
        found += _public(interface)
    return tuple(dict.fromkeys(address for address in found if address))


def group_ids(groups: Iterable[Mapping[str, Any]] | None) -> list[str]:
    """Return the ids of security groups, sorted."""
    return sorted(group["GroupId"] for group in groups or () if group.get("GroupId"))


def _private(interface: InstanceNetworkInterfaceTypeDef) -> list[str]:
    found = (one.get("PrivateIpAddress") for one in interface.get("PrivateIpAddresses") or ())
    version_six = (one for one in _version_six(interface) if ip_address(one) in _PRIVATE)
    return [*sorted(one for one in found if one), *version_six]


def _public(interface: InstanceNetworkInterfaceTypeDef) -> list[str]:
    found = (
        (one.get("Association") or {}).get("PublicIp")
        for one in interface.get("PrivateIpAddresses") or ()
    )
    version_six = (one for one in _version_six(interface) if ip_address(one) not in _PRIVATE)
    return [*sorted(one for one in found if one), *version_six]


def _version_six(interface: InstanceNetworkInterfaceTypeDef) -> list[str]:
    """Return the IPv6 addresses, sorted."""
    found = (one.get("Ipv6Address") for one in interface.get("Ipv6Addresses") or ())
    return sorted(one for one in found if one)

"""Firewalls: security groups and their rules.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroup.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from pydantic import JsonValue

from providers.aws.paging import get_pages
from providers.aws.tags import to_tags
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import IpPermissionOutputTypeDef, SecurityGroupTypeDef

    from providers.aws.client import AwsClients


def get_firewalls(
    clients: AwsClients, region: str, page_size: int
) -> Iterator[Sequence[SecurityGroupTypeDef]]:
    """Yield the security groups of a region, page by page."""
    yield from get_pages(
        clients.ec2(region),
        "describe_security_groups",
        "SecurityGroups",
        PaginationConfig={"PageSize": page_size},
    )


def to_firewall(region: str, group: SecurityGroupTypeDef) -> Resource:
    """Return a security group as an inventory resource."""
    rules = _rules("ingress", group.get("IpPermissions") or ())
    rules += _rules("egress", group.get("IpPermissionsEgress") or ())
    return Resource(
        provider="aws",
        region=region,
        kind=ResourceKind.FIREWALL,
        id=group["GroupId"],
        name=group.get("GroupName") or "",
        tags=to_tags(group.get("Tags")),
        attributes={
            "description": group.get("Description") or None,
            "network": group.get("VpcId"),
            "rules": rules,
        },
    )


def _rules(direction: str, permissions: Iterable[IpPermissionOutputTypeDef]) -> list[JsonValue]:
    # EC2 returns permissions in no fixed order.
    ordered = sorted(permissions, key=_sort_key)
    return [_rule(direction, permission) for permission in ordered]


def _rule(direction: str, permission: IpPermissionOutputTypeDef) -> dict[str, JsonValue]:
    protocol = permission.get("IpProtocol")
    peers: list[JsonValue] = [*_peers(permission)]
    return {
        "direction": direction,
        "protocol": "all" if protocol == "-1" else protocol,
        "from_port": permission.get("FromPort"),
        "to_port": permission.get("ToPort"),
        "sources" if direction == "ingress" else "destinations": peers,
    }


def _sort_key(permission: IpPermissionOutputTypeDef) -> tuple[str, int, int, list[str]]:
    return (
        permission.get("IpProtocol") or "",
        _port(permission.get("FromPort")),
        _port(permission.get("ToPort")),
        _peers(permission),
    )


def _peers(permission: IpPermissionOutputTypeDef) -> list[str]:
    """Return the addresses, groups and prefix lists that a rule permits, sorted."""
    peers = [peer.get("CidrIp") for peer in permission.get("IpRanges") or ()]
    peers += [peer.get("CidrIpv6") for peer in permission.get("Ipv6Ranges") or ()]
    peers += [peer.get("GroupId") for peer in permission.get("UserIdGroupPairs") or ()]
    peers += [peer.get("PrefixListId") for peer in permission.get("PrefixListIds") or ()]
    return sorted(peer for peer in peers if peer)


def _port(port: int | None) -> int:
    return -1 if port is None else port

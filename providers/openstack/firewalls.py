"""Firewalls: security groups of Neutron, with their rules.

Source: https://docs.openstack.org/api-ref/network/v2/#security-groups-security-groups
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from providers.openstack.instances import to_moment
from providers.openstack.networks import own_only, to_tags
from providers.openstack.pages import get_pages
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

Json = dict[str, Any]


def get_firewalls(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Json]]:
    """Yield the project's security groups with their rules, page by page."""
    return get_pages(
        clients,
        region,
        "network",
        "/security-groups",
        "security_groups",
        doing=f"list firewall in {region}",
        params=own_only(clients),
        page_size=page_size,
    )


def to_firewall(region: str, group: Json) -> Resource:
    """Return a security group as an inventory resource; it belongs to no network."""
    rules = [to_rule(rule) for rule in group.get("security_group_rules") or ()]
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.FIREWALL,
        id=group["id"],
        name=group.get("name") or "",
        tags=to_tags(group),
        created_at=to_moment(group.get("created_at")),
        attributes={
            "description": group.get("description") or None,
            "network": None,
            "project": group.get("project_id"),
            "rules": [*sorted(rules, key=_position)],
        },
    )


def to_rule(rule: Json) -> dict[str, JsonValue]:
    """Return one rule; one without a range and without a group lets everybody through."""
    everybody = "::/0" if rule.get("ethertype") == "IPv6" else "0.0.0.0/0"
    group = rule.get("remote_group_id") or rule.get("remote_address_group_id")
    peer: JsonValue = rule.get("remote_ip_prefix") or group or everybody
    ingress = rule.get("direction") == "ingress"
    return {
        "direction": "ingress" if ingress else "egress",
        "protocol": rule.get("protocol") or "all",
        "from_port": rule.get("port_range_min"),
        "to_port": rule.get("port_range_max"),
        "sources" if ingress else "destinations": [peer],
    }


def _position(rule: dict[str, JsonValue]) -> tuple[bool, str, str, str, str]:
    # Neutron gives rules in no fixed order.
    ingress = rule["direction"] == "ingress"
    peers = rule["sources"] if ingress else rule["destinations"]
    return (
        not ingress,
        str(rule["protocol"]),
        str(rule["from_port"]).zfill(6),
        str(rule["to_port"]).zfill(6),
        str(peers),
    )

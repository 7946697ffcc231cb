"""Firewalls: security groups of Neutron, with their rules.

Source: https://docs.openstack.org/api-ref/network/v2/#security-groups-security-groups
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

from providers.openstack.fields import (
    Json,
    integer,
    objects,
    required_id,
    required_text,
    text,
    timestamp,
)
from providers.openstack.networks import to_tags
from providers.openstack.paging import get_pages
from skyclust.errors import UnexpectedAnswer
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

PEERS: Final = {"ingress": "sources", "egress": "destinations"}
ANY_ADDRESS: Final = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}


def get_firewalls(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Any]]:
    """Yield the project's security groups with their rules, page by page."""
    return get_pages(
        clients,
        region,
        "network",
        "/security-groups",
        "security_groups",
        doing=f"list firewall in {region}",
        params=clients.project_filter(),
        page_size=page_size,
    )


def to_firewall(region: str, group: Json) -> Resource:
    """Return a security group as an inventory resource; it belongs to no network."""
    rules = objects(group, "security_group_rules")
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.FIREWALL,
        id=required_id(group),
        name=text(group, "name") or "",
        tags=to_tags(group),
        created_at=timestamp(group, "created_at"),
        attributes={
            "description": text(group, "description"),
            "network": None,
            "project": text(group, "project_id"),
            "rules": None if rules is None else [*sorted(map(to_rule, rules), key=_sort_key)],
        },
    )


def to_rule(rule: Json) -> dict[str, JsonValue]:
    """Return one rule; a rule whose prefix and group are null applies to any address.

    Raises UnexpectedAnswer for a direction other than ingress and egress. Sources, destinations
    and protocol are None where Neutron leaves out the field; null means any.
    """
    direction = required_text(rule, "direction")
    if direction not in PEERS:
        raise UnexpectedAnswer(f"A rule has the direction {direction!r}.", provider="openstack")
    peer = (
        text(rule, "remote_ip_prefix")
        or text(rule, "remote_group_id")
        or text(rule, "remote_address_group_id")
    )
    if peer is None and {"remote_ip_prefix", "remote_group_id"} <= set(rule):
        peer = ANY_ADDRESS.get(text(rule, "ethertype") or "")
    return {
        "direction": direction,
        "protocol": text(rule, "protocol") or ("all" if "protocol" in rule else None),
        "from_port": integer(rule, "port_range_min"),
        "to_port": integer(rule, "port_range_max"),
        PEERS[direction]: [peer] if peer else None,
    }


def _sort_key(rule: dict[str, JsonValue]) -> tuple[bool, str, str, str, str]:
    # Neutron returns rules in no defined order.
    ingress = rule["direction"] == "ingress"
    peers = rule["sources"] if ingress else rule["destinations"]
    return (
        not ingress,
        str(rule["protocol"]),
        str(rule["from_port"]).zfill(6),
        str(rule["to_port"]).zfill(6),
        str(peers),
    )

"""Firewalls: network security groups, of subnets and of interfaces.

Source: https://learn.microsoft.com/en-us/rest/api/virtualnetwork/network-security-groups
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import JsonValue

from providers.azure.ids import normal, references
from providers.azure.instances import tags_of
from providers.azure.regions import region_of
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.azure.client import Document


def to_firewall(group: Document) -> Resource:
    """Return a security group as an inventory resource: its own rules, in order of priority.

    The rules that Azure adds to every group are left out.
    """
    properties = group["properties"]
    rules = sorted(
        properties.get("securityRules") or (),
        key=lambda rule: (rule["properties"]["direction"], rule["properties"]["priority"]),
    )
    return Resource(
        provider="azure",
        region=region_of(group),
        kind=ResourceKind.FIREWALL,
        id=normal(group["id"]),
        name=group["name"],
        tags=tags_of(group),
        attributes={
            "attached_to": [
                *references(properties.get("subnets")),
                *references(properties.get("networkInterfaces")),
            ],
            "description": None,
            "network": None,
            "rules": [one for rule in rules for one in _to_rules(rule["properties"])],
        },
    )


def _to_rules(rule: Document) -> Iterator[JsonValue]:
    """Yield a rule of Azure once a range of ports: ours have one range each."""
    protocol = str(rule.get("protocol", "*")).lower()
    sources: list[JsonValue] = [*_ends(rule, "source")]
    destinations: list[JsonValue] = [*_ends(rule, "destination")]
    ports = rule.get("destinationPortRanges") or [rule.get("destinationPortRange") or "*"]
    for written in ports:
        first, _, last = str(written).partition("-")
        yield {
            "access": str(rule.get("access", "Allow")).lower(),
            "destinations": destinations,
            "direction": "ingress" if rule["direction"] == "Inbound" else "egress",
            "from_port": int(first) if first.isdigit() else None,
            "priority": rule.get("priority"),
            "protocol": "all" if protocol == "*" else protocol,
            "sources": sources,
            "to_port": int(last or first) if first.isdigit() else None,
        }


def _ends(rule: Document, side: str) -> list[str]:
    one = rule.get(f"{side}AddressPrefix")
    named = [*([one] if one else ()), *(rule.get(f"{side}AddressPrefixes") or ())]
    return sorted({*named, *references(rule.get(f"{side}ApplicationSecurityGroups"))})

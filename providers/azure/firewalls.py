"""Firewalls: network security groups of subnets and interfaces.

Source: https://learn.microsoft.com/en-us/rest/api/virtualnetwork/network-security-groups
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

from providers.azure.fields import inner, number, objects, text, texts
from providers.azure.ids import references
from providers.azure.resources import id_of, location_of, name_of, tags_of
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.azure.client import Document

_DIRECTIONS: Final = {"inbound": "ingress", "outbound": "egress"}
_ACTIONS: Final = {"allow": "allow", "deny": "deny"}
_LAST: Final = 65_537
"""Sorts a rule without a priority after all others."""


def to_firewall(group: Document) -> Resource:
    """Return a security group as an inventory resource, with its rules in order of priority.

    The default rules that Azure adds to every group are left out.
    """
    properties = inner(group, "properties")
    return Resource(
        provider="azure",
        region=location_of(group),
        kind=ResourceKind.FIREWALL,
        id=id_of(group),
        name=name_of(group),
        tags=tags_of(group),
        attributes={
            "attached_to": [
                *references(properties, "subnets"),
                *references(properties, "networkInterfaces"),
            ],
            "description": None,
            "network": None,
            "rules": _rules(properties),
        },
    )


def _rules(group: Mapping[str, Any]) -> list[JsonValue] | None:
    """Return all rules in order; None if Azure returns no list of them."""
    if group.get("securityRules") is None:
        return None
    rules = [inner(rule, "properties") for rule in objects(group, "securityRules")]
    rules.sort(key=_order)
    return [each for rule in rules for each in _to_rules(rule)]


def _order(rule: Mapping[str, Any]) -> tuple[str, float]:
    priority = number(rule, "priority")
    return text(rule, "direction") or "", _LAST if priority is None else priority


def _to_rules(rule: Mapping[str, Any]) -> Iterator[JsonValue]:
    """Yield one inventory rule for each port range of a rule of Azure."""
    sources: list[JsonValue] = [*_peers(rule, "source")]
    destinations: list[JsonValue] = [*_peers(rule, "destination")]
    for port_range in _single_and_several(rule, "destinationPortRange") or ["*"]:
        first, _, last = port_range.partition("-")
        yield {
            "action": _ACTIONS.get((text(rule, "access") or "").lower()),
            "destinations": destinations,
            "direction": _DIRECTIONS.get((text(rule, "direction") or "").lower()),
            "from_port": int(first) if first.isdecimal() else None,
            "priority": number(rule, "priority"),
            "protocol": _protocol(rule),
            "sources": sources,
            "to_port": int(last or first) if first.isdecimal() else None,
        }


def _protocol(rule: Mapping[str, Any]) -> str | None:
    protocol = text(rule, "protocol")
    return "all" if protocol == "*" else protocol and protocol.lower()


def _peers(rule: Mapping[str, Any], side: str) -> list[str]:
    groups = references(rule, f"{side}ApplicationSecurityGroups")
    return sorted({*_single_and_several(rule, f"{side}AddressPrefix"), *groups})


def _single_and_several(rule: Mapping[str, Any], name: str) -> list[str]:
    """Return the value of a field and the values of its plural field, each value once."""
    single, plural = text(rule, name), name.replace("Prefix", "Prefixes").replace("Range", "Ranges")
    return [*dict.fromkeys([*([single] if single else ()), *texts(rule, plural)])]

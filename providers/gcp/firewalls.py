"""Firewall rules of networks.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/firewalls
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import JsonValue

from providers.gcp.links import home_of, to_id
from providers.gcp.moments import to_moment
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.gcp.client import Answer


def to_firewall(region: str, firewall: Answer) -> Resource:
    """Return a firewall rule as an inventory resource, one rule for each range of ports."""
    rules: list[JsonValue] = [*_rules(firewall)]
    targets = [
        *firewall.get("targetTags", ()),
        *firewall.get("targetServiceAccounts", ()),
    ]
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.FIREWALL,
        id=to_id(firewall["selfLink"], home_of(firewall["selfLink"])),
        name=firewall["name"],
        created_at=to_moment(firewall.get("creationTimestamp")),
        attributes={
            "description": firewall.get("description") or None,
            "disabled": bool(firewall.get("disabled", False)),
            "network": to_id(firewall["network"], home_of(firewall["selfLink"])),
            "priority": firewall.get("priority"),
            "rules": rules,
            "targets": [*sorted(targets)],
        },
    )


def _rules(firewall: Answer) -> Iterator[JsonValue]:
    direction = str(firewall.get("direction", "INGRESS")).lower()
    if direction == "ingress":
        others = "sources"
        listed = (
            *firewall.get("sourceRanges", ()),
            *firewall.get("sourceTags", ()),
            *firewall.get("sourceServiceAccounts", ()),
        )
    else:
        others, listed = "destinations", (*firewall.get("destinationRanges", ()),)
    for action in ("allow", "deny"):
        for part in firewall.get({"allow": "allowed", "deny": "denied"}[action], ()):
            for first, last in _ports(part):
                yield {
                    "action": action,
                    "direction": direction,
                    "protocol": part["IPProtocol"],
                    "from_port": first,
                    "to_port": last,
                    others: [*sorted(listed)],
                }


def _ports(part: Answer) -> list[tuple[int | None, int | None]]:
    """Return the first and the last port of each range; None for all ports."""
    ranges = [str(one).partition("-") for one in part.get("ports", ())]
    found = sorted((int(first), int(last or first)) for first, _, last in ranges)
    return [*found] or [(None, None)]

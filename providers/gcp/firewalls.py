"""Firewall rules of networks.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/firewalls
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from providers.gcp import fields
from providers.gcp.links import id_in, id_of, name_of, own_link
from providers.gcp.timestamps import moment_of
from skyclust.errors import UnexpectedAnswer
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.gcp.client import Answer

_SOURCES: Final = ("sourceRanges", "sourceTags", "sourceServiceAccounts")
_DESTINATIONS: Final = ("destinationRanges",)


def to_firewall(region: str, firewall: Answer) -> Resource:
    """Return a firewall rule as an inventory resource, one rule for each range of ports."""
    link = own_link(firewall)
    rules: list[JsonValue] = [*_rules(firewall)]
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.FIREWALL,
        id=id_of(link),
        name=name_of(firewall, link),
        created_at=moment_of(firewall, "creationTimestamp"),
        attributes={
            "description": fields.text(firewall, "description"),
            "disabled": fields.flag(firewall, "disabled"),
            "network": id_in(firewall, "network", link.project),
            "priority": fields.number(firewall, "priority"),
            "rules": rules,
            "targets": _all(firewall, ("targetTags", "targetServiceAccounts")),
        },
    )


def _rules(firewall: Answer) -> Iterator[JsonValue]:
    direction = fields.text(firewall, "direction")
    peers = _peers(firewall, direction)
    for action, key in (("allow", "allowed"), ("deny", "denied")):
        for part in fields.parts(firewall, key):
            for first, last in _ports(part):
                yield {
                    "action": action,
                    "direction": direction.lower() if direction else None,
                    "protocol": fields.text(part, "IPProtocol"),
                    "from_port": first,
                    "to_port": last,
                    **peers,
                }


def _peers(firewall: Answer, direction: str | None) -> dict[str, JsonValue]:
    """Return whom a rule is about: the other side always, this side where it is limited too."""
    sources, destinations = _all(firewall, _SOURCES), _all(firewall, _DESTINATIONS)
    peers: dict[str, JsonValue] = {}
    if sources or direction == "INGRESS":
        peers["sources"] = sources
    if destinations or direction == "EGRESS":
        peers["destinations"] = destinations
    return peers


def _all(firewall: Answer, keys: tuple[str, ...]) -> list[JsonValue]:
    return [*sorted(one for key in keys for one in fields.texts(firewall, key))]


def _ports(part: Answer) -> list[tuple[int | None, int | None]]:
    """Return the first and the last port of each range; None for all ports."""
    found: list[tuple[int | None, int | None]] = [
        *sorted(_range(one) for one in fields.texts(part, "ports"))
    ]
    return found or [(None, None)]


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    try:
        return int(first), int(last or first)
    except ValueError as error:
        raise UnexpectedAnswer(f"{text[:40]!r} is no range of ports.", provider="gcp") from error

"""VPC firewall rules.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/firewalls
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from providers.gcp import fields
from providers.gcp.links import id_in, id_of, name_of, self_link
from providers.gcp.timestamps import timestamp_of
from skyclust.errors import UnexpectedAnswer
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.gcp.client import JsonObject

_SOURCES: Final = ("sourceRanges", "sourceTags", "sourceServiceAccounts")
_DESTINATIONS: Final = ("destinationRanges",)


def to_firewall(region: str, firewall: JsonObject) -> Resource:
    """Return a firewall rule as an inventory resource with one entry of `rules` a port range.

    Raises UnexpectedAnswer for a port range that cannot be parsed.
    """
    link = self_link(firewall)
    rules: list[JsonValue] = [*_rules(firewall)]
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.FIREWALL,
        id=id_of(link),
        name=name_of(firewall, link),
        created_at=timestamp_of(firewall, "creationTimestamp"),
        attributes={
            "description": fields.text(firewall, "description"),
            "disabled": fields.flag(firewall, "disabled"),
            "network": id_in(firewall, "network", link.project),
            "priority": fields.integer(firewall, "priority"),
            "rules": rules,
            "targets": _all(firewall, ("targetTags", "targetServiceAccounts")),
        },
    )


def _rules(firewall: JsonObject) -> Iterator[JsonValue]:
    direction = fields.text(firewall, "direction")
    peers = _peers(firewall, direction)
    for action, key in (("allow", "allowed"), ("deny", "denied")):
        for entry in fields.objects(firewall, key):
            for first, last in _port_ranges(entry):
                yield {
                    "action": action,
                    "direction": direction.lower() if direction else None,
                    "protocol": fields.text(entry, "IPProtocol"),
                    "from_port": first,
                    "to_port": last,
                    **peers,
                }


def _peers(firewall: JsonObject, direction: str | None) -> dict[str, JsonValue]:
    """Return sources and destinations: the remote side always, the local side if it is limited."""
    sources, destinations = _all(firewall, _SOURCES), _all(firewall, _DESTINATIONS)
    peers: dict[str, JsonValue] = {}
    if sources or direction == "INGRESS":
        peers["sources"] = sources
    if destinations or direction == "EGRESS":
        peers["destinations"] = destinations
    return peers


def _all(firewall: JsonObject, keys: tuple[str, ...]) -> list[JsonValue]:
    return [*sorted(value for key in keys for value in fields.texts(firewall, key))]


def _port_ranges(entry: JsonObject) -> list[tuple[int | None, int | None]]:
    """Return the first and the last port of each range, (None, None) for all ports."""
    ranges: list[tuple[int | None, int | None]] = [
        *sorted(_parse_range(text) for text in fields.texts(entry, "ports"))
    ]
    return ranges or [(None, None)]


def _parse_range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    try:
        return int(first), int(last or first)
    except ValueError as error:
        raise UnexpectedAnswer(f"{text[:40]!r} is not a range of ports.", provider="gcp") from error

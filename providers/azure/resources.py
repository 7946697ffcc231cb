"""What all of Azure's resources have: id, name, place, tags and times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from providers.azure.fields import inner, required, text, texts
from providers.azure.ids import normal
from skyclust.errors import UnexpectedAnswer


def id_of(thing: Mapping[str, Any]) -> str:
    """Return the id in our spelling; raises UnexpectedAnswer for a thing without one."""
    return normal(required(thing, "id"))


def name_of(thing: Mapping[str, Any]) -> str:
    """Return the name, which is the last part of the id where Azure does not repeat it."""
    return text(thing, "name") or required(thing, "id").rpartition("/")[2]


def location_of(thing: Mapping[str, Any]) -> str:
    """Return the region; raises UnexpectedAnswer for a thing that Azure tells no place of."""
    return to_region(required(thing, "location"))


def to_region(written: str) -> str:
    """Return a region as regions are named: Azure writes `West Europe` at times."""
    return written.replace(" ", "").lower()


def zone_of(thing: Mapping[str, Any]) -> str | None:
    """Return the zone of a thing; None for one that is in no zone, or in several."""
    zones = texts(thing, "zones")
    return zones[0] if len(zones) == 1 else None


def tags_of(thing: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of anything; one without a value has an empty one."""
    tags = inner(thing, "tags")
    return {name: text(tags, name) or "" for name in tags}


def to_datetime(thing: Mapping[str, Any], name: str) -> datetime | None:
    """Return a time of Azure's in UTC, which a time without a zone is in."""
    written = text(thing, name)
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise UnexpectedAnswer(f"Its {name!r} is no time: {written}.", provider="azure") from error
    if moment.year == 1:  # .NET's word for a time that is not known
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)

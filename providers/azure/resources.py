"""The fields that all Azure resources have: id, name, location, zones, tags and times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from providers.azure.fields import inner, required, text, texts
from providers.azure.ids import normal
from skyclust.errors import UnexpectedAnswer


def id_of(resource: Mapping[str, Any]) -> str:
    """Return the id in lower case; raises UnexpectedAnswer for a resource without one."""
    return normal(required(resource, "id"))


def name_of(resource: Mapping[str, Any]) -> str:
    """Return the name, or the last part of the id if there is no name field."""
    return text(resource, "name") or required(resource, "id").rpartition("/")[2]


def location_of(resource: Mapping[str, Any]) -> str:
    """Return the region; raises UnexpectedAnswer for a resource without a location."""
    return to_region(required(resource, "location"))


def to_region(location: str) -> str:
    """Return a location in the form of the regions' names: Azure also writes `West Europe`."""
    return location.replace(" ", "").lower()


def zone_of(resource: Mapping[str, Any]) -> str | None:
    """Return the zone of a resource; None for a resource in no zone or in several."""
    zones = texts(resource, "zones")
    return zones[0] if len(zones) == 1 else None


def tags_of(resource: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a resource; a tag without a value has an empty value."""
    tags = inner(resource, "tags")
    return {name: text(tags, name) or "" for name in tags}


def to_datetime(item: Mapping[str, Any], name: str) -> datetime | None:
    """Return a time field in UTC, or None without one; a time without an offset is in UTC."""
    value = text(item, name)
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError as error:
        raise UnexpectedAnswer(f"Its {name!r} is no time: {value}.", provider="azure") from error
    if time.year == 1:  # .NET's DateTime.MinValue, for an unknown time
        return None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)

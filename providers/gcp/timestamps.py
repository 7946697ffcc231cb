"""Times of Compute Engine, which writes them in the zone of its home (RFC 3339)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from providers.gcp import fields
from skyclust.errors import UnexpectedAnswer


def to_moment(text: str | None) -> datetime | None:
    """Return a timestamp in UTC, None when there is none.

    Raises UnexpectedAnswer for what is no time, or a time of no known zone.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnexpectedAnswer(f"{text[:40]!r} is not a time.", provider="gcp") from error
    if moment.tzinfo is None:
        raise UnexpectedAnswer(f"The time {text[:40]!r} has no zone.", provider="gcp")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise UnexpectedAnswer(f"{text[:40]!r} is not a time.", provider="gcp") from error


def moment_of(thing: Mapping[str, Any], key: str) -> datetime | None:
    """Return the timestamp in a field in UTC, None when there is none."""
    return to_moment(fields.text(thing, key))


def text_of(thing: Mapping[str, Any], key: str) -> str | None:
    """Return the timestamp in a field as ISO 8601 in UTC, None when there is none."""
    moment = moment_of(thing, key)
    return None if moment is None else moment.isoformat()

"""Timestamps of Compute Engine: RFC 3339, in the time zone of Google's headquarters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from providers.gcp import fields
from skyclust.errors import UnexpectedAnswer


def parse_timestamp(text: str | None) -> datetime | None:
    """Return an RFC 3339 timestamp in UTC, None for None and for the empty string.

    Raises UnexpectedAnswer for a text that is not a timestamp or that has no time zone.
    """
    if not text:
        return None
    try:
        timestamp = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnexpectedAnswer(f"{text[:40]!r} is not a time.", provider="gcp") from error
    if timestamp.tzinfo is None:
        raise UnexpectedAnswer(f"The time {text[:40]!r} has no zone.", provider="gcp")
    try:
        return timestamp.astimezone(UTC)
    except OverflowError as error:
        raise UnexpectedAnswer(f"{text[:40]!r} is not a time.", provider="gcp") from error


def timestamp_of(resource: Mapping[str, Any], key: str) -> datetime | None:
    """Return a timestamp field in UTC, None when it is absent; raises UnexpectedAnswer."""
    return parse_timestamp(fields.text(resource, key))


def iso_timestamp_of(resource: Mapping[str, Any], key: str) -> str | None:
    """Return a timestamp field as ISO 8601 in UTC, None when it is absent."""
    timestamp = timestamp_of(resource, key)
    return None if timestamp is None else timestamp.isoformat()

"""Times of Compute Engine, which writes them in the zone of its home (RFC 3339)."""

from __future__ import annotations

from datetime import UTC, datetime


def to_moment(text: str | None) -> datetime | None:
    """Return a timestamp in UTC, None when there is none."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def to_text(text: str | None) -> str | None:
    """Return a timestamp as ISO 8601 in UTC, None when there is none."""
    moment = to_moment(text)
    return None if moment is None else moment.isoformat()

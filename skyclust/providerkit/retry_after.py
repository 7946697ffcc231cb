"""Parsing of the Retry-After header, and of the headers that clouds use in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_SECONDS: Final = re.compile(r"[0-9]{1,9}")


def retry_after_seconds(
    headers: Mapping[str, str], now: datetime, *, milliseconds: Sequence[str] = ()
) -> float | None:
    """Return the seconds of a Retry-After header, None without a readable one (RFC 9110 10.2.3).

    The header holds seconds or a date; a date that is over counts as 0. `milliseconds` names
    the headers of a cloud that hold milliseconds; they are read first.
    """
    by_name = {name.lower(): str(value).strip() for name, value in headers.items()}
    for name in milliseconds:
        if _SECONDS.fullmatch(by_name.get(name.lower(), "")):
            return int(by_name[name.lower()]) / 1000
    value = by_name.get("retry-after", "")
    if _SECONDS.fullmatch(value):
        return float(value)
    date = http_date(value)
    return None if date is None else max(0.0, (date - now).total_seconds())


def http_date(text: str) -> datetime | None:
    """Return the date of a header in UTC, None for a text that is not a date (RFC 9110 5.6.7)."""
    try:
        date = parsedate_to_datetime(text)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None

"""Delivered times as instants in UTC, and instants as the text that FOCUS demands."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa

from skyclust.costs.focus.ledger_schema import TIME
from skyclust.costs.focus.values import Place, is_binary, without_nulls

# BigQuery writes " UTC" behind a time in CSV.
_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?( ?(Z|UTC|[+-]\d\d(:?\d\d)?))?)?",
    re.ASCII | re.IGNORECASE,
)
_HINT: Final = "A time is written as 2026-07-01T00:00:00Z; one without time zone is read as UTC."


def to_times(array: Any, place: Place) -> Any:
    """Return a column as instants in UTC, to the microsecond.

    Reads texts of ISO 8601, dates, and times with or without time zone; without one it is UTC.
    Raises InvalidRequest for a value that is no time and for a column of another type.
    """
    kind = array.type
    if pa.types.is_timestamp(kind):
        return array.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(TIME)
    if pa.types.is_null(kind):
        return array.cast(TIME)
    if pa.types.is_date(kind):
        return array.cast(pa.timestamp("us")).cast(TIME)
    if is_binary(kind):
        array = array.cast(pa.string())
    if not pa.types.is_string(array.type):
        raise place.refused_type(array, "a time")
    # Times repeat: a month has 744 hours. Each is read once.
    encoded = without_nulls(array).dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    read = [_instant(text) for text in texts]
    if None in read:
        wrong = texts[read.index(None)]
        index = array.to_pylist().index(wrong)
        raise place.refusal(index, wrong, "is not a time", _HINT)
    return pa.array(read, TIME).take(encoded.indices)


def _instant(text: str) -> datetime | None:
    trimmed = text.strip()
    if _TIME.fullmatch(trimmed) is None:
        return None
    try:
        read = datetime.fromisoformat(re.sub(r" ?(Z|UTC)$", "+00:00", trimmed, flags=re.IGNORECASE))
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def to_focus_text(times: Any) -> Any:
    """Return instants as text of FOCUS, attribute "date/time format": 2026-07-01T00:00:00Z.

    A fraction of a second is written where there is one.
    """
    encoded = times.dictionary_encode()
    texts = [
        value.replace(tzinfo=None).isoformat() + "Z" for value in encoded.dictionary.to_pylist()
    ]
    return pa.array(texts, pa.string()).take(encoded.indices)

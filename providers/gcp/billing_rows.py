"""Rows of the FOCUS billing export as rows of FOCUS. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from skyclust.contract import BillingPeriod, FocusRow
from skyclust.errors import UnexpectedAnswer

_EXTENSION: Final = "x_"
_TAG_COLUMNS: Final = ("x_ProjectLabels", "x_Tags", "x_Labels", "Tags")
"""The repeated columns of tags, those with precedence last: what the project passes on, the tags
of the Resource Manager, and the labels of the resource itself. Google's older view has all of them
in a repeated column `Tags`."""


def to_focus_row(row: Mapping[str, object], period: BillingPeriod) -> FocusRow:
    """Return a row of the export under FOCUS column names.

    Amounts are Decimal, times aware and in UTC, `Tags` is a mapping of the resource's labels, the
    tags and the project's labels. The billing period is that of the delivery: Google's begins at
    midnight in Pacific time, and older views end it a day early. Columns of Google's own (`x_`)
    are text: JSON where they are repeated or nested. Raises UnexpectedAnswer for a value that is
    none of these.
    """
    focus: dict[str, object] = {}
    for name, value in row.items():
        if name.startswith(_EXTENSION):
            focus[name] = extension_text(value)
        elif name != "Tags":
            focus[name] = _scalar(name, value)
    focus["Tags"] = merged_tags(row)
    focus["BillingPeriodStart"] = datetime.combine(period.start, time(), UTC)
    focus["BillingPeriodEnd"] = datetime.combine(period.end, time(), UTC)
    return focus


def to_decimal(value: object, name: str) -> Decimal | None:
    """Return an amount as a Decimal, a FLOAT64 by its shortest representation.

    Raises UnexpectedAnswer for anything that is not a finite number.
    """
    if value is None:
        return None
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        raise UnexpectedAnswer(f"{name} is not an amount: {str(value)[:40]!r}.", provider="gcp")
    return value


def to_time(value: object, name: str) -> datetime:
    """Return a time in UTC; raises UnexpectedAnswer for a time without a zone."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise UnexpectedAnswer(f"{name} is not a time: {str(value)[:40]!r}.", provider="gcp")
    return value.astimezone(UTC)


def to_period(year: object, month: object) -> BillingPeriod:
    """Return an invoice month; raises UnexpectedAnswer for numbers that are no month."""
    if not isinstance(year, int) or not isinstance(month, int) or not 1 <= month <= 12:
        raise UnexpectedAnswer(f"{year}-{month} is not an invoice month.", provider="gcp")
    return BillingPeriod(date(year, month, 1), next_month(date(year, month, 1)))


def next_month(day: date) -> date:
    """Return the first day of the month after that of `day`."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def merged_tags(row: Mapping[str, object]) -> dict[str, str]:
    """Return the keys and values of all tags of a row, each key with its nearest value."""
    tags: dict[str, str] = {}
    for column in _TAG_COLUMNS:
        tags.update(_pairs(column, row.get(column)))
    return tags


def _pairs(column: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a repeated record with the fields Key and Value, in any case.

    A view may have a mapping as JSON text in its place.
    """
    if value is None:
        return
    if isinstance(value, str):
        yield from _json_pairs(column, value)
        return
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise UnexpectedAnswer(f"{column} is not a list of tags.", provider="gcp")
    for item in value:
        fields = {str(name).lower(): text for name, text in item.items()}
        if fields.get("key"):
            yield str(fields["key"]), str(fields.get("value") or "")


def _json_pairs(column: str, text: str) -> Iterator[tuple[str, str]]:
    try:
        tags = json.loads(text)
    except ValueError:
        tags = None
    if not isinstance(tags, dict):
        raise UnexpectedAnswer(f"{column} is not a mapping of tags.", provider="gcp")
    yield from ((key, "" if value is None else str(value)) for key, value in tags.items())


def extension_text(value: object) -> str | None:
    """Return a value of a column of Google's own as text, None for null and for an empty list.

    BigQuery does not tell the two apart. Numbers keep their digits, times are ISO 8601 in UTC, and
    lists and records are JSON whose
    numbers are texts.
    """
    if value is None or value == []:
        return None
    if isinstance(value, str):
        return value
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_time(value, "A time").isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def _scalar(name: str, value: object) -> object:
    if isinstance(value, datetime):
        return to_time(value, name)
    if isinstance(value, float | int | Decimal) and not isinstance(value, bool):
        return to_decimal(value, name)
    if value is None or isinstance(value, str):
        return value
    return extension_text(value)

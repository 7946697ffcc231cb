"""Sorting the rows of a list by one of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from skyclust.cli.cells import text_of
from skyclust.cli.columns import Column, picked

Row = Mapping[str, object]


def sorted_rows(rows: Sequence[Row], sort: str, columns: Sequence[Column]) -> list[Row]:
    """Return rows by a column, the greatest first for `-COLUMN`; those without a value are last.

    Numbers and times are compared as such, everything else as text without regard to capitals.
    Raises InvalidRequest for an unknown column.
    """
    [column] = picked([sort.removeprefix("-")], columns, rows)
    valued = [row for row in rows if row.get(column.name) not in (None, "", [], {})]
    empty = [row for row in rows if row.get(column.name) in (None, "", [], {})]
    valued.sort(key=lambda row: _key(row[column.name]), reverse=sort.startswith("-"))
    return valued + empty


def _key(value: object) -> tuple[int, Any]:
    if isinstance(value, (bool, int, float, Decimal)):
        return 0, value
    if isinstance(value, datetime):
        return 1, value
    text = str(value.value) if isinstance(value, Enum) else text_of(value)
    return 2, (text.casefold(), text)

"""Lists for programs: JSON, JSON lines and CSV, with whole values and whole ids."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Final

from skyclust.cli.cells import printable
from skyclust.costs.money import exact_text

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Beginnings of a text that a spreadsheet computes (OWASP, "CSV Injection"); the last four are
the full-width forms of `=`, `+`, `-` and `@`."""


def json_text(content: object) -> str:
    """Return indented JSON in ASCII: safe for every terminal and locale, the same to a reader."""
    return json.dumps(content, indent=2, default=_plain) + "\n"


def json_lines(rows: Iterable[Mapping[str, object]]) -> str:
    """Return one JSON object a line, in ASCII."""
    return "".join(f"{json.dumps(dict(row), default=_plain)}\n" for row in rows)


def csv_text(rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Return CSV with a heading (RFC 4180); lists and mappings in it are JSON.

    It is for spreadsheets: a text that one would compute as a formula begins with an apostrophe,
    and control characters are written as their escapes. JSON has the values as they are.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_csv_cell(row.get(name)) for name in columns] for row in rows)
    return out.getvalue()


def _csv_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Decimal):  # a negative number is no formula
        return exact_text(value) or ""
    if isinstance(value, (int, float)):
        return exact_text(value) if isinstance(value, Decimal) else str(value)
    plain = value if isinstance(value, (str, list, tuple, dict)) else _plain(value)
    text = plain if isinstance(plain, str) else json.dumps(plain, default=_plain)
    shown = printable(text, keep="\n\t")
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _plain(value: object) -> object:
    """Return a value that json does not know as one that it does."""
    # Not above: help has no such value, and pydantic takes a third of what help costs.
    from pydantic import BaseModel

    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    return exact_text(value) if isinstance(value, Decimal) else str(value)

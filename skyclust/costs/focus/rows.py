"""Rows that an API answers as rows of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from skyclust.contract.cost import FocusRow
from skyclust.costs.focus.headers import Headers
from skyclust.costs.focus.json_texts import json_text
from skyclust.costs.focus.ledger_schema import LEDGER_SCHEMA
from skyclust.costs.focus.normalize import normalize
from skyclust.costs.focus.value_remarks import ValueRemarks
from skyclust.errors import InvalidRequest


def rows_to_table(
    rows: Sequence[FocusRow],
    *,
    origin: str,
    first_row: int = 1,
    remarks: ValueRemarks | None = None,
) -> Any:
    """Return rows under FOCUS names as a Table of the ledger, by the rules of `normalize`.

    A column that no row has is null: an API does not know all of FOCUS. Raises InvalidRequest for
    a name that is neither FOCUS nor `x_`, and for a value that cannot be read.
    """
    names = sorted({name for row in rows for name in row})
    extra = [name for name in names if name.startswith("x_")]
    focus = [name for name in names if not name.startswith("x_")]
    if unknown := [name for name in focus if name not in LEDGER_SCHEMA.names]:
        raise InvalidRequest(
            f"{origin}: {unknown[0][:60]!r} is neither a FOCUS column nor a custom one (x_).",
            hint="The source has to give its rows FOCUS names.",
        )
    texts = {name: _texts([row.get(name) for row in rows]) for name in names}
    headers = Headers(
        version="",
        columns={name: name for name in focus},
        extra={name: name for name in extra},
        escaped=None,
        remarks=(),
    )
    batch = pa.table(texts) if texts else pa.table({"x_none": pa.nulls(len(rows))})
    return normalize(batch, origin=origin, first_row=first_row, headers=headers, remarks=remarks)


def _texts(values: list[object]) -> Any:
    """Return the values of a column as texts; most columns have one type of value."""
    types = set(map(type, values))
    if types <= {str, type(None)}:
        return pa.array(values, pa.string())
    if types == {datetime}:
        # An API answers the same few times in thousands of rows.
        known = {value: _text(value) for value in set(values)}
        return pa.array([known[value] for value in values], pa.string())
    return pa.array([_text(value) for value in values], pa.string())


def _text(value: object) -> str | None:
    """Return a value as the text that stands for it in a CSV file of FOCUS."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    # The shortest text of a float is that of its repr.
    return repr(value) if isinstance(value, (int, float)) else json_text(value)

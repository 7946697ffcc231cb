"""Delivered rows as rows of the ledger: its columns and types, in its order.

Rows of files are converted column by column; only a column with a value that the fast conversion
refuses is read value by value, to name the value or to read it another way.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from skyclust.costs.focus.amounts import require_costs, to_amounts
from skyclust.costs.focus.headers import Headers, read_headers
from skyclust.costs.focus.json_flaws import note_flaws
from skyclust.costs.focus.ledger_schema import AMOUNTS, COSTS, LEDGER_SCHEMA, TIMES
from skyclust.costs.focus.model import json_columns
from skyclust.costs.focus.required_values import refuse_missing_values, refuse_reversed_periods
from skyclust.costs.focus.respelling import to_allowed_values, to_currencies
from skyclust.costs.focus.texts import to_extra_texts, to_texts, unescaped
from skyclust.costs.focus.times import to_times
from skyclust.costs.focus.value_remarks import ValueRemarks
from skyclust.costs.focus.values import Place, plain

_AMOUNTS: Final = frozenset(AMOUNTS)
_TIMES: Final = frozenset(TIMES)
_DOCUMENTS: Final = json_columns()


def normalize(
    rows: Any,
    *,
    version: str | None = None,
    origin: str,
    first_row: int = 1,
    headers: Headers | None = None,
    remarks: ValueRemarks | None = None,
) -> Any:
    """Return delivered rows, a pyarrow RecordBatch or Table, as a Table of the ledger.

    It has the columns of LEDGER_SCHEMA, then the `x_` columns as text, sorted by name. `version`
    is what the source calls its version of FOCUS, None to see it by the columns; `origin` names
    the file in errors, and `first_row` is the number in the file of the first row given. `headers`
    is what `read_headers` returned for this file, which has the remarks too; they are
    read here where it is None. `remarks` collects what was noticed about the values. Raises
    InvalidRequest for headers and values that cannot be read, naming the row.
    """
    known = headers or read_headers(rows.schema.names, version=version, origin=origin)
    return _ledger_table(rows, known, origin, first_row, remarks or ValueRemarks())


def _ledger_table(
    rows: Any, headers: Headers, origin: str, first_row: int, remarks: ValueRemarks
) -> Any:
    marks = None if headers.escaped is None else pc.equal(_column(rows, headers.escaped), "true")
    columns: dict[str, Any] = {}
    for name in LEDGER_SCHEMA.names:
        field = LEDGER_SCHEMA.field(name)
        delivered = headers.columns.get(name)
        if delivered is None:
            columns[name] = pa.nulls(rows.num_rows, field.type)
        else:
            place = Place(origin, delivered, first_row)
            columns[name] = _converted(name, _column(rows, delivered), marks, place, remarks)
    refuse_missing_values(columns, headers.columns, origin, first_row)
    refuse_reversed_periods(columns, headers.columns, origin, first_row)
    fields = list(LEDGER_SCHEMA)
    for name, delivered in sorted(headers.extra.items()):
        texts = to_extra_texts(_column(rows, delivered), Place(origin, delivered, first_row))
        columns[name] = texts if marks is None else unescaped(texts, marks)
        fields.append(pa.field(name, pa.string()))
    return pa.Table.from_arrays(list(columns.values()), schema=pa.schema(fields))


def _column(rows: Any, name: str) -> Any:
    return plain(rows.column(rows.schema.get_field_index(name)))


def _converted(name: str, array: Any, marks: Any, place: Place, remarks: ValueRemarks) -> Any:
    if name in _AMOUNTS:
        amounts = to_amounts(array, place)
        if name in COSTS:
            require_costs(amounts, place)
        return amounts
    if name in _TIMES:
        return to_times(array, place)
    texts = to_texts(array, place)
    if marks is not None:
        texts = unescaped(texts, marks)
    if name == "BillingCurrency":
        return to_currencies(texts, place, remarks)
    if name in _DOCUMENTS:
        note_flaws(texts, place, remarks)
        return texts
    return to_allowed_values(name, texts, place, remarks)

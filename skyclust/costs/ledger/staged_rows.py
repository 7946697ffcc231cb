"""Checks of rows before they are staged: the columns of the ledger, and what places a row."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from skyclust.costs.focus.ledger_schema import LEDGER_SCHEMA
from skyclust.errors import InvalidRequest

REQUIRED: Final = (
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargePeriodStart",
    "EffectiveCost",
)
"""Columns without which a row cannot be placed or added up; FOCUS allows null in none of them
(https://focus.finops.org/focus-specification/v1-2/)."""


def checked_rows(rows: Any) -> Any:
    """Return rows as a table in the columns of the ledger, then their `x_` columns by name.

    A column that is missing is null in every row. Raises InvalidRequest that names a column which
    the ledger does not have, one of another type, and one of REQUIRED that has nulls.
    """
    table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
    extra = sorted(set(table.column_names) - set(LEDGER_SCHEMA.names))
    unknown = [name for name in extra if not name.startswith("x_")]
    if unknown:
        raise InvalidRequest(
            f"The ledger has no column {unknown[0]!r}.",
            hint="Columns beyond FOCUS have names that begin with x_.",
        )
    fields = [*LEDGER_SCHEMA, *(pa.field(name, pa.string()) for name in extra)]
    columns = [_column(table, field) for field in fields]
    checked = pa.table(columns, schema=pa.schema(fields))
    for name in REQUIRED:
        if checked[name].null_count:
            raise InvalidRequest(
                f"{checked[name].null_count} rows have no {name}.",
                hint="FOCUS requires the column in every row: look at the source's export.",
            )
    return checked


def _column(table: Any, field: Any) -> Any:
    if field.name not in table.column_names:
        return pa.nulls(table.num_rows, field.type)
    column = table[field.name]
    if column.type == field.type:
        return column
    if pa.types.is_null(column.type) or pa.types.is_large_string(column.type):
        return column.cast(field.type)
    raise InvalidRequest(
        f"The column {field.name} is {column.type}, and has to be {field.type}.",
        hint="Rows are brought to the types of the ledger before they are staged.",
    )

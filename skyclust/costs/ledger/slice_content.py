"""What a slice contains: a hash that the order of its rows does not change, and its sums."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from skyclust.costs.ledger.duckdb_sessions import files_relation, identifier, text
from skyclust.costs.ledger.staging import StagedSlice

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

METRICS: Final = {
    "billed_cost": "BilledCost",
    "effective_cost": "EffectiveCost",
    "list_cost": "ListCost",
    "contracted_cost": "ContractedCost",
}
"""The cost columns of FOCUS by their names in queries."""

CHARGE_DAY: Final = "ChargePeriodStart::DATE"
"""The SQL of a row's charge day; the sessions are in UTC."""

ROWS_AT_ONCE: Final = 1_000_000
"""Rows whose hashes one query holds in memory, where they are of several days."""

Sums = dict[str, dict[str, str]]
"""Decimals as text, by currency and metric; a metric that no row has is missing."""


@dataclass(frozen=True)
class SliceContent:
    """The hash of all rows, their number, and their sums."""

    content_hash: str
    rows: int
    sums: Sums


def describe_slices(
    connection: DuckDBPyConnection, slices: Mapping[date, StagedSlice]
) -> dict[date, SliceContent]:
    """Return what the slices of one account and period contain, by charge day.

    Each row has the MD5 of its values, in the order of the names of their columns; the slice has
    the SHA-256 of these names and of the sorted MD5s. A null has no length, an empty text the
    length 0, and columns that are null in the whole slice are left out. So neither the order of
    rows nor an empty column counts, nor how a version of a library writes files: times count as
    microseconds, amounts as text with 12 digits behind the point.
    """
    described: dict[date, SliceContent] = {}
    for fields, days in _by_columns(slices).items():
        for batch in _batches(slices, days):
            relation = files_relation([slices[day].path for day in batch])
            sums = _sums(connection, relation)
            for day, content_hash, rows in _hashes(connection, relation, fields):
                described[day] = SliceContent(content_hash, rows, sums[day])
    return described


def add_sums(first: Sums, second: Sums) -> Sums:
    """Return the sums of two parts of a whole."""
    added: Sums = {currency: dict(metrics) for currency, metrics in first.items()}
    for currency, metrics in second.items():
        into = added.setdefault(currency, {})
        for metric, amount in metrics.items():
            into[metric] = str(Decimal(into.get(metric, "0")) + Decimal(amount))
    return added


def _by_columns(slices: Mapping[date, StagedSlice]) -> dict[tuple[Any, ...], list[date]]:
    """Return the days by the columns that are not null in all rows, sorted by name."""
    days: dict[tuple[Any, ...], list[date]] = {}
    for day in sorted(slices):
        days.setdefault(_filled_columns(slices[day].path), []).append(day)
    return days


def _filled_columns(path: Path) -> tuple[Any, ...]:
    """Return the columns of a staged file that have a value; its metadata count the nulls."""
    metadata = pq.read_metadata(path)
    nulls = dict.fromkeys(metadata.schema.names, 0)
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for number in range(row_group.num_columns):
            column = row_group.column(number)
            nulls[column.path_in_schema] += column.statistics.null_count
    fields = metadata.schema.to_arrow_schema()
    return tuple(fields.field(name) for name in sorted(nulls) if nulls[name] < metadata.num_rows)


def _batches(slices: Mapping[date, StagedSlice], of: Sequence[date]) -> Iterator[list[date]]:
    """Yield the days, so many at once as one query may hold the hashes of."""
    days: list[date] = []
    rows = 0
    for day in of:
        if days and rows + slices[day].rows > ROWS_AT_ONCE:
            yield days
            days, rows = [], 0
        days.append(day)
        rows += slices[day].rows
    if days:
        yield days


def _hashes(
    connection: DuckDBPyConnection, relation: str, fields: Sequence[Any]
) -> list[tuple[date, str, int]]:
    names = text(json.dumps([field.name for field in fields]))
    # One `concat` of all parts: DuckDB is twice as slow where each value is put together first.
    values = ", ".join(_delimited(field) for field in fields)
    query = f"SELECT {CHARGE_DAY} AS day, md5(concat({values})) AS h FROM {relation}"  # noqa: S608  # quoted
    return connection.execute(
        f"SELECT day, sha256({names} || string_agg(h, '' ORDER BY h)), count(*)"  # noqa: S608  # quoted
        f" FROM ({query}) GROUP BY day"
    ).fetchall()


def _sums(connection: DuckDBPyConnection, relation: str) -> dict[date, Sums]:
    amounts = ", ".join(f"sum({identifier(column)})" for column in METRICS.values())
    rows = connection.execute(
        f"SELECT {CHARGE_DAY}, BillingCurrency, {amounts}"  # noqa: S608  # quoted
        f" FROM {relation} GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    sums: dict[date, Sums] = {}
    for day, currency, *values in rows:
        sums.setdefault(day, {})[currency] = {
            metric: str(amount)
            for metric, amount in zip(METRICS, values, strict=True)
            if amount is not None
        }
    return sums


def _delimited(field: Any) -> str:
    """Return the SQL of the parts of a value, which no other row of values has."""
    column = identifier(field.name)
    if pa.types.is_timestamp(field.type):
        return f"';', epoch_us({column})"
    if pa.types.is_decimal(field.type):
        return f"';', {column}"
    return f"';', strlen({column}), ':', {column}"

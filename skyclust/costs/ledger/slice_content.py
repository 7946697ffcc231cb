"""What a slice contains: a hash that the order of its rows does not change, and its sums."""

from __future__ import annotations

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
"""Decimals as text, by currency and metric; a metric that no row knows is missing."""


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

    Each row has the MD5 of its values that are not null, each with the name of its column and
    its length, by name; the slice has the SHA-256 of the sorted ones. So neither the order of
    rows nor a column that is null everywhere counts, nor how a version of a library writes files:
    times count as microseconds, amounts as text with 12 digits behind the point.
    """
    described: dict[date, SliceContent] = {}
    for days in _batches(slices):
        paths = [slices[day].path for day in days]
        relation = files_relation(paths)
        sums = _sums(connection, relation)
        for day, content_hash, rows in _hashes(connection, relation, paths):
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


def _batches(slices: Mapping[date, StagedSlice]) -> Iterator[list[date]]:
    """Yield the days of the slices, so many at once as one query may hold the hashes of."""
    days: list[date] = []
    rows = 0
    for day in sorted(slices):
        if days and rows + slices[day].rows > ROWS_AT_ONCE:
            yield days
            days, rows = [], 0
        days.append(day)
        rows += slices[day].rows
    if days:
        yield days


def _hashes(
    connection: DuckDBPyConnection, relation: str, paths: Sequence[Path]
) -> list[tuple[date, str, int]]:
    fields = {field.name: field for path in paths for field in pq.read_schema(path)}
    values = ", ".join(_named_value(fields[name]) for name in sorted(fields))
    query = f"SELECT {CHARGE_DAY} AS day, md5(concat({values})) AS h FROM {relation}"  # noqa: S608  # quoted
    return connection.execute(
        f"SELECT day, sha256(string_agg(h, '' ORDER BY h)), count(*) FROM ({query}) GROUP BY day"  # noqa: S608  # quoted
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


def _named_value(field: Any) -> str:
    """Return the SQL of a column's name, length and value; null for null."""
    column = identifier(field.name)
    if pa.types.is_timestamp(field.type):
        value = f"epoch_us({column})::VARCHAR"
    elif pa.types.is_decimal(field.type):
        value = f"{column}::VARCHAR"
    else:
        value = column
    return f"{text(field.name + '=')} || strlen({value}) || ':' || {value}"

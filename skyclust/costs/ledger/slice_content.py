"""What a slice contains: a hash that the order of its rows does not change, and its sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from skyclust.costs.ledger.duckdb_sessions import THREADS, files_relation, identifier, text
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

LONGEST_SHARED: Final = 64
"""Characters of a text that the statistics of a file surely hold as a whole."""

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
    its length, by name; the slice has the SHA-256 of the values that all its rows share, and of
    the sorted MD5. So neither the order of rows nor a column that is null everywhere counts, nor
    how a version of a library writes files: times count as microseconds, amounts as text with 12
    digits behind the point.
    """
    if not slices:
        return {}
    sums = _sums(connection, files_relation([each.path for each in slices.values()]))
    with ThreadPoolExecutor(THREADS) as pool:
        hashes = pool.map(lambda path: _hash(connection, path), [s.path for s in slices.values()])
        return {
            day: SliceContent(content_hash, rows, sums[day])
            for day, (content_hash, rows) in zip(slices, hashes, strict=True)
        }


def add_sums(first: Sums, second: Sums) -> Sums:
    """Return the sums of two parts of a whole."""
    added: Sums = {currency: dict(metrics) for currency, metrics in first.items()}
    for currency, metrics in second.items():
        into = added.setdefault(currency, {})
        for metric, amount in metrics.items():
            into[metric] = str(Decimal(into.get(metric, "0")) + Decimal(amount))
    return added


def _hash(connection: DuckDBPyConnection, path: Path) -> tuple[str, int]:
    """Return the hash and the number of rows of a slice's file."""
    shared, varying = _columns(path)
    relation = files_relation([path])
    # One file is one row group, which one thread reads: a cursor can be used beside others.
    cursor = connection.cursor()
    try:
        row = cursor.execute(
            f"SELECT sha256(concat((SELECT {_concatenated(shared)} FROM {relation} LIMIT 1),"  # noqa: S608  # quoted
            f" '|', string_agg(h, '' ORDER BY h))), count(*)"
            f" FROM (SELECT md5({_concatenated(varying)}) AS h FROM {relation})"
        ).fetchone()
    finally:
        cursor.close()
    if row is None:
        raise TypeError("A sum over a file has one row.")
    return row


def _columns(path: Path) -> tuple[list[Any], list[Any]]:
    """Return the fields that all rows share a value of, and those that vary, sorted by name.

    Half of the columns of a bill have one value a day or none: that costs no hash a row. What the
    statistics of a file do not say for sure, because a text is long, is taken to vary.
    """
    file = pq.ParquetFile(path)
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    shared: list[Any] = []
    varying: list[Any] = []
    for place, field in sorted(enumerate(file.schema_arrow), key=lambda pair: pair[1].name):
        known = [group.column(place).statistics for group in groups]
        nulls = [each.null_count if each is not None else None for each in known]
        if nulls == [group.num_rows for group in groups]:
            continue
        (shared if _is_shared(known) else varying).append(field)
    return shared, varying


def _is_shared(statistics: Sequence[Any]) -> bool:
    values = set()
    for each in statistics:
        if each is None or not each.has_min_max or each.null_count != 0 or each.min != each.max:
            return False
        values.add(each.min)
    value = values.pop() if len(values) == 1 else None
    return value is not None and not (isinstance(value, str) and len(value) > LONGEST_SHARED)


def _concatenated(fields: Sequence[Any]) -> str:
    return f"concat('', {', '.join(map(_named_value, fields))})" if fields else "''"


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

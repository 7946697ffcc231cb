"""What a slice contains: a hash that the order of its rows does not change, and its sums."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from skyclust.costs.ledger.duckdb_sessions import files_relation, identifier, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

METRICS: Final = {
    "billed_cost": "BilledCost",
    "effective_cost": "EffectiveCost",
    "list_cost": "ListCost",
    "contracted_cost": "ContractedCost",
}
"""The cost columns of FOCUS by their names in queries."""

Sums = dict[str, dict[str, str]]
"""Decimals as text, by currency and metric; a metric that no row knows is missing."""


@dataclass(frozen=True)
class SliceContent:
    """The hash of all rows, their number, and their sums."""

    content_hash: str
    rows: int
    sums: Sums


def describe_slice(connection: DuckDBPyConnection, path: Path) -> SliceContent:
    """Return what the file of a slice contains.

    Each row has the MD5 of its values that are not null, each with the name of its column and
    its length, by name; the slice has the SHA-256 of the sorted ones. So neither the order of
    rows nor a column that is null everywhere counts, nor how a version of a library writes files:
    times count as microseconds, amounts as text with 12 digits behind the point.
    """
    schema = pq.read_schema(path)
    relation = files_relation([path])
    values = ", ".join(_named_value(schema.field(name)) for name in sorted(schema.names))
    content_hash, rows = _one(
        connection,
        f"SELECT sha256(coalesce(string_agg(h, '' ORDER BY h), '')), count(*)"  # noqa: S608  # quoted
        f" FROM (SELECT md5(concat({values})) AS h FROM {relation})",
    )
    return SliceContent(content_hash, rows, _sums(connection, relation))


def add_sums(first: Sums, second: Sums) -> Sums:
    """Return the sums of two parts of a whole."""
    added: Sums = {currency: dict(metrics) for currency, metrics in first.items()}
    for currency, metrics in second.items():
        into = added.setdefault(currency, {})
        for metric, amount in metrics.items():
            into[metric] = str(Decimal(into.get(metric, "0")) + Decimal(amount))
    return added


def _sums(connection: DuckDBPyConnection, relation: str) -> Sums:
    amounts = ", ".join(f"sum({identifier(column)})" for column in METRICS.values())
    rows = connection.execute(
        f"SELECT BillingCurrency, {amounts} FROM {relation} GROUP BY 1 ORDER BY 1"  # noqa: S608
    ).fetchall()
    return {
        currency: {
            metric: str(amount)
            for metric, amount in zip(METRICS, values, strict=True)
            if amount is not None
        }
        for currency, *values in rows
    }


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


def _one(connection: DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(query).fetchone()
    if row is None:
        raise TypeError("An aggregate has one row.")
    return row

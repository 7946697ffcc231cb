"""What a slice contains: a hash that the order of its rows does not change, and its sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from skyclust.costs.exact import EXACT
from skyclust.costs.ledger.duckdb_sessions import files_relation, identifier
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
    """Return what the slices of one account and period contain, by charge day."""
    if not slices:
        return {}
    sums = _sums(connection, files_relation([each.path for each in slices.values()]))
    return {
        day: SliceContent(each.content_hash, each.rows, sums[day]) for day, each in slices.items()
    }


def add_sums(first: Sums, second: Sums) -> Sums:
    """Return the sums of two parts of a whole."""
    added: Sums = {currency: dict(metrics) for currency, metrics in first.items()}
    for currency, metrics in second.items():
        into = added.setdefault(currency, {})
        for metric, amount in metrics.items():
            before = Decimal(into.get(metric, "0"))
            into[metric] = str(EXACT.add(before, Decimal(amount)))
    return added


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

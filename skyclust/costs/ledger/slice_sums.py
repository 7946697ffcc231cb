"""Sums over the rows of slices, for questions that no rollup answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from skyclust.costs.ledger.cost_query import TAG, CostQuery
from skyclust.costs.ledger.rollup_rows import AMOUNTS_SQL, pointer, tag_value
from skyclust.costs.ledger.slice_content import CHARGE_DAY

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COLUMNS: Final = {
    "billing_account": "BillingAccountId",
    "sub_account": "SubAccountId",
    "service": "ServiceName",
    "service_category": "ServiceCategory",
    "region": "RegionId",
    "resource_kind": "ResourceType",
    "resource": "ResourceId",
    "charge_category": "ChargeCategory",
    "pricing_category": "PricingCategory",
    "commitment": "CommitmentDiscountId",
}

_CONSTANT: Final = frozenset({"workspace", "provider"})
"""Dimensions that have one value in all rows of a relation."""


def slice_sums(
    connection: DuckDBPyConnection, relation: str, query: CostQuery, constants: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield the sums of a relation's rows by the dimensions of a query and currency.

    `constants` are the values of the dimensions that all rows have in common. Whatever comes from
    the query is bound as a parameter.
    """
    parameters: list[Any] = []

    def bound(value: object) -> str:
        parameters.append(value)
        return f"${len(parameters)}"

    zone, conditions = query.time_zone, []

    def day() -> str:
        if zone == "UTC":
            return CHARGE_DAY
        return f"timezone({bound(zone)}, ChargePeriodStart)::DATE"

    if zone != "UTC":
        conditions = [
            f"ChargePeriodStart >= make_timestamptz({bound(_micros(query.begin))}::BIGINT)",
            f"ChargePeriodStart < make_timestamptz({bound(_micros(query.finish))}::BIGINT)",
        ]
    expressions = {
        name: _expression(name, day, bound) for name in query.dimensions if name not in _CONSTANT
    }
    for name, values in query.where.items():
        if name not in _CONSTANT:
            conditions.append(_one_of(expressions[name], values, bound))
    grouped = [name for name in query.by if name not in _CONSTANT]
    columns = [*(expressions[name] for name in grouped), "BillingCurrency"]
    places = ", ".join(str(place) for place in range(1, len(columns) + 1))
    filtered = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    result = connection.execute(
        f"SELECT {', '.join(columns)}, {AMOUNTS_SQL} FROM {relation} {filtered}"  # noqa: S608  # bound
        f" GROUP BY {places}",
        parameters,
    )
    names = [*grouped, "currency", *(column[0] for column in result.description[len(columns) :])]
    while rows := result.fetchmany(10_000):
        for row in rows:
            yield constants | dict(zip(names, row, strict=True))


def _expression(name: str, day: Callable[[], str], bound: Callable[[object], str]) -> str:
    if name.startswith(TAG):
        return tag_value(f"{bound(pointer(name[len(TAG) :]))}::VARCHAR")
    if name == "day":
        return day()
    if name == "month":
        return f"date_trunc('month', {day()})::DATE"
    return _COLUMNS[name]


def _one_of(expression: str, values: Sequence[object], bound: Callable[[object], str]) -> str:
    known = [value for value in values if value is not None]
    condition = (
        f"{expression} IN ({', '.join(bound(value) for value in known)})" if known else "false"
    )
    return f"({condition} OR {expression} IS NULL)" if None in values else condition


def _micros(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000

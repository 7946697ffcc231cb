"""Sums over the rows of slices, for questions that no rollup answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from skyclust.costs.ledger.cost_query import TAG, CostQuery
from skyclust.costs.ledger.rollup_rows import BOTH_KNOWN, SAVINGS_APPLY, pointer, tag_value
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

_PARTS: Final = f"""
    {SAVINGS_APPLY} AS applies,
    {BOTH_KNOWN} AS known,
    count(*) AS "rows",
    sum(BilledCost) AS billed,
    sum(EffectiveCost) AS effective,
    sum(ListCost) AS list,
    sum(ContractedCost) AS contracted
"""

_AMOUNTS: Final = """
    sum("rows")::BIGINT AS "rows",
    sum(billed) AS billed_cost,
    sum(effective) AS effective_cost,
    sum(list) AS list_cost,
    sum(contracted) AS contracted_cost,
    sum(list - effective) FILTER (WHERE applies AND known) AS savings,
    coalesce(sum("rows") FILTER (WHERE applies AND NOT known), 0)::BIGINT AS savings_unknown_rows
"""
"""The amounts of `rollup_rows.AMOUNTS_SQL`, of groups that are alike in what savings depend on."""

_CONSTANT: Final = frozenset({"workspace", "provider"})
"""Dimensions that have one value in all rows of a relation."""


def slice_sums(
    connection: DuckDBPyConnection, relation: str, query: CostQuery, constants: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield the sums of a relation's rows by the dimensions of a query and currency.

    `constants` are the values of the dimensions that all rows have in common. Whatever comes from
    the query is bound as a parameter. Rows are grouped by the text of all tags first, and the value
    of one is read once for each group: a JSON text repeats in many rows.
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
    of_groups = []
    for name, values in query.where.items():
        if name.startswith(TAG):
            of_groups.append(_one_of(_tag(name, bound), values, bound))
        elif name not in _CONSTANT:
            conditions.append(_one_of(_expression(name, day), values, bound))
    grouped = [name for name in query.by if name not in _CONSTANT]
    columns, keys = ["Tags"] if query.tags else [], []
    for number, name in enumerate(grouped):
        if name.startswith(TAG):
            keys.append(_tag(name, bound))
        else:
            columns.append(f"{_expression(name, day)} AS d{number}")
            keys.append(f"d{number}")
    parts = ", ".join([*columns, "BillingCurrency", _PARTS])
    groups = f"SELECT {parts} FROM {relation}{_where(conditions)} GROUP BY ALL"  # noqa: S608  # bound
    keys.append("BillingCurrency")
    places = ", ".join(str(place) for place in range(1, len(keys) + 1))
    result = connection.execute(
        f"SELECT {', '.join(keys)}, {_AMOUNTS} FROM ({groups}){_where(of_groups)}"  # noqa: S608  # bound
        f" GROUP BY {places}",
        parameters,
    )
    names = [*grouped, "currency", *(column[0] for column in result.description[len(keys) :])]
    while rows := result.fetchmany(10_000):
        for row in rows:
            yield constants | dict(zip(names, row, strict=True))


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _expression(name: str, day: Callable[[], str]) -> str:
    if name == "day":
        return day()
    if name == "month":
        return f"date_trunc('month', {day()})::DATE"
    return _COLUMNS[name]


def _tag(name: str, bound: Callable[[object], str]) -> str:
    return tag_value(f"{bound(pointer(name[len(TAG) :]))}::VARCHAR")


def _one_of(expression: str, values: Sequence[object], bound: Callable[[object], str]) -> str:
    known = [value for value in values if value is not None]
    condition = (
        f"{expression} IN ({', '.join(bound(value) for value in known)})" if known else "false"
    )
    return f"({condition} OR {expression} IS NULL)" if None in values else condition


def _micros(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000

"""The rows of rollups, computed from slices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from skyclust.costs.ledger.duckdb_sessions import identifier, text
from skyclust.costs.ledger.slice_content import CHARGE_DAY

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SAVINGS_APPLY: Final = (
    "NOT (ChargeCategory = 'Purchase' AND coalesce(CommitmentDiscountId, '') <> '')"
)
"""A purchase that covers usage is no saving by itself: the usage that it covers has the saving."""

BOTH_KNOWN: Final = "ListCost IS NOT NULL AND EffectiveCost IS NOT NULL"

AMOUNTS_SQL: Final = f"""
    count(*) AS "rows",
    sum(BilledCost) AS billed_cost,
    sum(EffectiveCost) AS effective_cost,
    sum(ListCost) AS list_cost,
    sum(ContractedCost) AS contracted_cost,
    sum(ListCost - EffectiveCost) FILTER (WHERE {SAVINGS_APPLY} AND {BOTH_KNOWN}) AS savings,
    count(*) FILTER (WHERE {SAVINGS_APPLY} AND NOT ({BOTH_KNOWN})) AS savings_unknown_rows
"""
"""The amounts of a group of rows, in one currency. A list or contracted cost is of the rows that
know it; savings are list less effective cost of the rows that know both, without purchases that
cover usage (FOCUS 1.2, EffectiveCost: their effective cost is zero)."""

_DAY: Final = {
    "charge_day": CHARGE_DAY,
    "sub_account_id": "SubAccountId",
    "service_name": "ServiceName",
    "region_id": "RegionId",
    "charge_category": "ChargeCategory",
    "currency": "BillingCurrency",
}

_MONTH: Final = {
    "charge_month": "date_trunc('month', ChargePeriodStart)::DATE",
    "sub_account_id": "SubAccountId",
    "service_category": "ServiceCategory",
    "service_name": "ServiceName",
    "region_id": "RegionId",
    "resource_type": "ResourceType",
    "charge_category": "ChargeCategory",
    "pricing_category": "PricingCategory",
    "currency": "BillingCurrency",
}


def day_rollup(connection: DuckDBPyConnection, relation: str) -> list[dict[str, Any]]:
    """Return the rows of `cost_days` of new slices of one period, without the ids of slices.

    They are sorted by charge day, and numbered from 0 within each.
    """
    numbers: Counter[Any] = Counter()
    rows = _rows(connection, relation, _DAY)
    for row in rows:
        row["number"] = numbers[row["charge_day"]]
        numbers[row["charge_day"]] += 1
    return rows


def month_rollup(
    connection: DuckDBPyConnection, relation: str, allocation_tags: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the rows of `cost_months` of all slices of a period, without its keys.

    Each has the value of every allocation tag, None for rows without it.
    """
    tags = {
        f"tag_{number}": tag_value(text(pointer(key))) for number, key in enumerate(allocation_tags)
    }
    rows = _rows(connection, relation, _MONTH | tags)
    for row in rows:
        row["tags"] = {key: row.pop(f"tag_{number}") for number, key in enumerate(allocation_tags)}
    return rows


def tag_value(path: str) -> str:
    """Return the SQL of a tag's value; `path` is the SQL of its pointer. NULL: it has none.

    TRY: text that is no JSON has no tags (https://duckdb.org/docs/stable/sql/expressions/try).
    """
    return f"TRY(json_extract_string(Tags, {path}))"


def pointer(key: str) -> str:
    """Return the JSON pointer of a key, whatever characters it has (RFC 6901, section 3)."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _rows(
    connection: DuckDBPyConnection, relation: str, dimensions: dict[str, str]
) -> list[dict[str, Any]]:
    grouped = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in dimensions.items())
    places = ", ".join(str(place) for place in range(1, len(dimensions) + 1))
    result = connection.execute(
        f"SELECT {grouped}, {AMOUNTS_SQL} FROM {relation} GROUP BY {places} ORDER BY {places}"  # noqa: S608  # quoted
    )
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

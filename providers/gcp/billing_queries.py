"""The queries of the FOCUS billing export, in GoogleSQL.

An invoice month is the month of `BillingPeriodStart`: Google writes the first of the month at
midnight in Pacific time, which is the same date in UTC. `ChargePeriodStart` is the time of usage,
which may lie in the month before: usage that Google received late is invoiced in the next month.
Values are query parameters; the names of the table and its columns were checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from providers.gcp.billing_table import Column, TableName

_MONTH: Final = (
    "EXTRACT(YEAR FROM BillingPeriodStart) AS invoice_year,"
    " EXTRACT(MONTH FROM BillingPeriodStart) AS invoice_month"
)
_RANGE: Final = "BillingPeriodStart >= @period_start AND BillingPeriodStart < @period_end"
_BY_MONTH: Final = "BillingAccountId, invoice_year, invoice_month, BillingCurrency"

CREDIT: Final = "Credit"
TAX: Final = "Tax"
"""Values of ChargeCategory (FOCUS 1.2, section 2.9)."""

Parameter = str | datetime


@dataclass(frozen=True)
class Query:
    """A statement, with the values of its named parameters."""

    sql: str
    parameters: dict[str, Parameter]


def periods_query(table: TableName, start: date, end: date) -> Query:
    """Return the query of what each invoice month contains, by account and currency.

    It reads seven narrow columns. `start` and `end` are first days of months, `end` exclusive.
    """
    sql = f"""
        SELECT BillingAccountId, {_MONTH}, BillingCurrency,
          COUNT(*) AS row_count,
          MIN(ChargePeriodStart) AS first_charge,
          MAX(ChargePeriodStart) AS last_charge,
          MAX(x_ExportTime) AS exported_at,
          SUM(BilledCost) AS billed_cost,
          SUM(EffectiveCost) AS effective_cost
        FROM `{table}`
        WHERE {_RANGE}
        GROUP BY {_BY_MONTH}
        ORDER BY {_BY_MONTH}
    """  # noqa: S608  # the names were checked, see the module's docstring
    return Query(sql, _bounds(start, end))


def totals_query(table: TableName, columns: Sequence[Column], start: date, end: date) -> Query:
    """Return the query of the totals of each invoice month: net, tax and credits.

    A credit is a row of its own, or an item of the repeated column `x_Credits`, whose amounts are
    contained in the BilledCost of their row.
    """
    inner = "0"
    if any(column.name == "x_Credits" and column.repeated for column in columns):
        inner = "IFNULL((SELECT SUM(credit.Amount) FROM UNNEST(x_Credits) AS credit), 0)"
    sql = f"""
        SELECT BillingAccountId, {_MONTH}, BillingCurrency,
          MIN(ChargePeriodStart) AS first_charge,
          MAX(ChargePeriodStart) AS last_charge,
          SUM(BilledCost) AS billed_cost,
          SUM(EffectiveCost) AS effective_cost,
          SUM(IF(ChargeCategory = @tax, BilledCost, 0)) AS tax,
          SUM(IF(ChargeCategory = @credit, BilledCost, {inner})) AS credits
        FROM `{table}`
        WHERE {_RANGE}
        GROUP BY {_BY_MONTH}
        ORDER BY {_BY_MONTH}
    """  # noqa: S608  # the names were checked, see the module's docstring
    return Query(sql, {**_bounds(start, end), "tax": TAX, "credit": CREDIT})


def rows_query(
    table: TableName,
    columns: Sequence[Column],
    *,
    account: str,
    start: date,
    end: date,
    exported_at: datetime,
) -> Query:
    """Return the query of the rows of one account and invoice month, exported by a time.

    The table only grows, and `x_ExportTime` with it: the rows exported by a time are the same
    whenever the query runs.
    """
    selected = ", ".join(f"`{column.name}`" for column in columns)
    sql = f"""
        SELECT {selected}
        FROM `{table}`
        WHERE {_RANGE} AND BillingAccountId = @account AND x_ExportTime <= @exported_at
    """  # noqa: S608  # the names were checked, see the module's docstring
    parameters = {**_bounds(start, end), "account": account, "exported_at": exported_at}
    return Query(sql, parameters)


def _bounds(start: date, end: date) -> dict[str, Parameter]:
    return {"period_start": _midnight(start), "period_end": _midnight(end)}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)

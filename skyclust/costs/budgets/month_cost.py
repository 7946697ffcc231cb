"""What a budget's costs are in the month of a day: so far, and by the forecast."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd

from skyclust.costs.analysis.currency import convert
from skyclust.costs.analysis.frames import records, sum_by
from skyclust.costs.budgets.assessment import MonthCost
from skyclust.costs.forecast.ledger_series import daily_series, history_start
from skyclust.costs.forecast.month import month_total
from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.coverage import AccountCoverage, coverage
from skyclust.costs.ledger.known_days import known_days
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.ledger.storage import LedgerRoot
from skyclust.costs.rates.table import RateTable
from skyclust.model.budget import Budget
from skyclust.store import currency_rates
from skyclust.store.engine import Store


def month_cost(
    store: Store,
    workspace_id: str,
    budget: Budget,
    today: date,
    *,
    root: LedgerRoot | None = None,
) -> MonthCost:
    """Return the cost of a budget in the month (UTC) that a day belongs to.

    Amounts in other currencies are converted by the workspace's rates of their days; what has no
    rate is in `not_counted`. Raises NotFound for an unknown workspace, InvalidRequest for a filter
    by an unknown dimension, Conflict when a file of the ledger was collected meanwhile.
    """
    start, end = history_start(today), today + timedelta(days=1)
    query = CostQuery(start, end, by=("day", "charge_category"), where=budget.filters)
    frame = query_costs(store, [workspace_id], query, root=root)
    accounts = coverage(store, workspace_id, start, end)
    with store.reading() as connection:
        rates = RateTable(currency_rates.list_all(connection, workspace_id))
    return month_cost_of(budget, frame, accounts, rates, today)


def month_cost_of(
    budget: Budget,
    frame: pd.DataFrame,
    accounts: Sequence[AccountCoverage],
    rates: RateTable,
    today: date,
) -> MonthCost:
    """Return the cost of a budget, by a frame of its costs with `day` and `charge_category`.

    The frame and the coverage are of the history that `history_start` begins, until tomorrow.
    """
    month = today.replace(day=1)
    start, end = history_start(today), today + timedelta(days=1)
    days = known_days(accounts, start, end, budget.filters)
    has_days = any(month <= day <= today for day in days.known)
    converted = convert(frame, budget.currency, rates)
    others = _other_currencies(converted, budget, month)
    found = [
        one
        for one in daily_series(converted, days, end, metric=budget.metric)
        if one.currency == budget.currency
    ]
    actual = _so_far(converted, budget, month)
    if actual is None and (others or not has_days):
        reason = (
            f"no cost of the month has a rate to {budget.currency}"
            if others
            else "no delivery covers a day of the month"
        )
        return MonthCost(month, None, None, reason, others or None)
    actual = actual or Decimal(0)
    if not found:
        reason = f"there are no costs in {budget.currency}"
        return MonthCost(month, actual, None, reason, others or None)
    total = month_total(found[0], today)
    # Days with a gap in one account count with what they hold: a budget must not wait for them.
    missing = actual - total.actual
    expected = None if total.expected is None else total.expected + max(missing, Decimal(0))
    return MonthCost(month, actual, expected, total.reason, others or None)


def _so_far(frame: pd.DataFrame, budget: Budget, month: date) -> Decimal | None:
    """Return all that the month holds in the budget's currency; None where it holds no charge."""
    return _sums(frame, budget, month).get(budget.currency)


def _other_currencies(frame: pd.DataFrame, budget: Budget, month: date) -> dict[str, Decimal]:
    sums = _sums(frame, budget, month)
    return {name: amount for name, amount in sums.items() if name != budget.currency and amount}


def _sums(frame: pd.DataFrame, budget: Budget, month: date) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in records(sum_by(frame, ["day"])):
        amount = row[budget.metric.value]
        if row["day"] >= month and amount is not None:
            sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + amount
    return sums

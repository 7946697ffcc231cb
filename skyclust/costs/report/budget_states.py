"""The budgets of a report: each assessed in the month of today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from skyclust.costs.analysis.frames import dimensions_of
from skyclust.costs.budgets.assessment import BudgetStatus, assess
from skyclust.costs.budgets.month_cost import month_cost, month_cost_of
from skyclust.costs.forecast.ledger_series import history_start
from skyclust.costs.ledger.coverage import AccountCoverage
from skyclust.costs.ledger.storage import LedgerRoot
from skyclust.costs.rates.table import RateTable
from skyclust.model.budget import Budget
from skyclust.store import budgets, currency_rates
from skyclust.store.engine import Store


def budget_states(
    store: Store,
    workspace_id: str,
    frame: Any,
    accounts: Sequence[AccountCoverage],
    today: date,
    *,
    root: LedgerRoot | None = None,
) -> list[BudgetStatus]:
    """Return the state of each budget of a workspace, by name.

    The frame has all days of the history by `day` and `charge_category`; what it cannot filter by
    is queried.
    """
    with store.reading() as connection:
        planned = budgets.list_all(connection, workspace_id)
        rates = RateTable(currency_rates.list_all(connection, workspace_id)) if planned else None
    if rates is None:
        return []
    history = frame[(frame["day"] >= history_start(today)) & (frame["day"] <= today)]
    dimensions = set(dimensions_of(frame))
    return [
        assess(
            budget,
            month_cost_of(budget, _filtered(history, budget), accounts, rates, today)
            if set(budget.filters) <= dimensions
            else month_cost(store, workspace_id, budget, today, root=root),
        )
        for budget in planned
    ]


def _filtered(frame: Any, budget: Budget) -> Any:
    for name, values in budget.filters.items():
        frame = frame[frame[name].isin(values)]
    return frame

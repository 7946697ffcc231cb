"""The check of budgets: what the month costs against each, and the alerts that fire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from typing import Final

from skyclust.costs.budgets.assessment import BudgetStatus, MonthCost, assess
from skyclust.costs.budgets.delivered import LATE_DAYS, silent_accounts
from skyclust.costs.budgets.firing import fire_reached
from skyclust.costs.budgets.month_cost import month_cost
from skyclust.costs.forecast.recurring import last_of_month
from skyclust.costs.ledger.storage import LedgerRoot
from skyclust.costs.money import by_currency
from skyclust.errors import SkyClustError
from skyclust.model.budget import Budget, BudgetAlert
from skyclust.store import budgets
from skyclust.store.engine import Store

SETTLING_DAYS: Final = 14
"""So long after its end a month is still checked: clouds change it for about two weeks
(docs/how-to/costs-aws.md)."""


@dataclass(frozen=True)
class BudgetCheck:
    """A budget in a month: its status, the alerts that fired just now, and what is not counted.

    `remarks` name what is unknown and why. `partial`: something could not be counted that should
    have been; on the first days of a month nothing is delivered yet, which is not that.
    """

    workspace_id: str
    status: BudgetStatus
    fired: tuple[BudgetAlert, ...]
    remarks: tuple[str, ...]
    partial: bool


def check_budgets(
    store: Store,
    workspace_id: str,
    today: date,
    *,
    run_id: str | None,
    checked_by: str,
    root: LedgerRoot | None = None,
) -> list[BudgetCheck]:
    """Assess every budget of a workspace for the month of a day, and fire what it reached.

    The month before is checked too while it settles, of budgets that existed then. A budget whose
    costs cannot be read has a remark with the reason, and does not stop the others. Days are UTC.
    """
    with store.reading() as connection:
        found = budgets.list_all(connection, workspace_id)
        since = budgets.created_at(connection, workspace_id)
    checks: list[BudgetCheck] = []
    for budget in found:
        for month in _months(since[budget.name].astimezone(UTC).date(), today):
            status, failure = _checked(store, workspace_id, budget, (month, today), root)
            fired = fire_reached(store, workspace_id, status, run_id=run_id, fired_by=checked_by)
            remarks = (failure,) if failure else remarks_of(status)
            partial = bool(failure) or is_partial(status, today)
            checks.append(BudgetCheck(workspace_id, status, fired, remarks, partial))
    return checks


def budget_status(
    store: Store,
    workspace_id: str,
    budget: Budget,
    today: date,
    *,
    root: LedgerRoot | None = None,
) -> BudgetStatus:
    """Return the status of a budget in the month of a day; fires nothing.

    Raises what `query_costs` raises.
    """
    return _status(store, workspace_id, budget, today.replace(day=1), today, root)


def remarks_of(status: BudgetStatus) -> tuple[str, ...]:
    """Return what is not known of a budget's month, in sentences."""
    cost, remarks = status.cost, []
    if cost.actual is None:
        remarks.append(f"The cost of {cost.month:%Y-%m} is not known: no threshold can be reached.")
    if cost.not_counted:
        remarks.append(
            f"Not counted, without a rate to {status.budget.currency}:"
            f" {by_currency(cost.not_counted)}."
        )
    if cost.silent:
        remarks.append(f"No day of the month was delivered of {', '.join(cost.silent)}.")
    return tuple(remarks)


def is_partial(status: BudgetStatus, today: date) -> bool:
    """Return whether something was not counted that should have been by a day."""
    due = today - timedelta(days=LATE_DAYS) > status.cost.month
    if status.cost.actual is None and not due:
        return bool(status.cost.not_counted)
    return not status.complete


def _months(since: date, today: date) -> Sequence[date]:
    """Return the months to check: of a day, and the one before while it settles."""
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    settles = today.day <= SETTLING_DAYS and since < month
    return [before, month] if settles else [month]


def _checked(
    store: Store,
    workspace_id: str,
    budget: Budget,
    when: tuple[date, date],
    root: LedgerRoot | None,
) -> tuple[BudgetStatus, str]:
    """Return the status of a budget in a month as of a day, and why it could not be read."""
    month, today = when
    try:
        return _status(store, workspace_id, budget, month, today, root), ""
    except SkyClustError as error:
        return assess(budget, MonthCost(month, None, None, error.message)), error.message


def _status(  # noqa: PLR0917  # the month and the day on which it is looked at
    store: Store,
    workspace_id: str,
    budget: Budget,
    month: date,
    today: date,
    root: LedgerRoot | None,
) -> BudgetStatus:
    """Return the status of a budget in a month; one that is over has no forecast."""
    last = last_of_month(month)
    cost = month_cost(store, workspace_id, budget, min(today, last), root=root)
    if today > last:
        cost = replace(cost, forecast=None, forecast_reason="the month is over")
    silent = silent_accounts(store, workspace_id, budget, month, today)
    return assess(budget, replace(cost, silent=silent))

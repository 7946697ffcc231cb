"""The artifacts of a check of budgets: how far each is used, and the alerts that fired."""

from __future__ import annotations

from collections.abc import Sequence

from skyclust.costs.budgets.assessment import BudgetStatus
from skyclust.costs.budgets.checking import BudgetCheck
from skyclust.costs.money import exact_text, money_text
from skyclust.model.budget import BudgetAlert
from skyclust.orchestration import artifacts
from skyclust.orchestration.artifacts import Row


def report_budgets(workspace_id: str, checks: Sequence[BudgetCheck]) -> None:
    """Write the table of a workspace's budgets, and a page of the alerts that fired just now."""
    artifacts.show_table(
        f"budgets-{workspace_id}",
        [_row(one) for one in checks],
        "Budgets: the cost of the month and its forecast against the amount",
        total=len(checks),
    )
    fired = [alert for one in checks for alert in one.fired]
    if fired:
        artifacts.show_text(
            f"budget-alerts-{workspace_id}",
            "\n".join([f"# Budget alerts of {workspace_id}", "", *map(_line, fired), ""]),
            f"Thresholds that were reached: {len(fired)}",
        )


def _row(check: BudgetCheck) -> Row:
    status = check.status
    budget, cost = status.budget, status.cost
    return {
        "budget": budget.name,
        "month": f"{cost.month:%Y-%m}",
        "currency": budget.currency,
        "amount": exact_text(budget.amount),
        "actual": exact_text(cost.actual),
        "used_percent": exact_text(status.used_percent),
        "forecast": exact_text(cost.forecast),
        "forecast_percent": exact_text(status.forecast_percent),
        "thresholds": _thresholds(status),
        "fired_now": ", ".join(str(one.threshold) for one in check.fired),
        "remarks": " ".join(check.remarks),
        "forecast_reason": cost.forecast_reason,
    }


def _thresholds(status: BudgetStatus) -> str:
    """Return the thresholds, those that are reached with a mark."""
    return ", ".join(
        f"{one} (reached)" if one in status.reached else str(one)
        for one in status.budget.thresholds
    )


def _line(alert: BudgetAlert) -> str:
    return (
        f"- **{artifacts.escaped(alert.budget)}**, {alert.month:%Y-%m}: {alert.threshold} reached,"
        f" {money_text(alert.amount, alert.currency)} of"
        f" {money_text(alert.budget_amount, alert.currency)}"
    )

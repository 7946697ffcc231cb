"""The event of a budget, written to the outbox in the transaction that fires the alert.

skyclust.budget.threshold-reached     the cost or forecast of a month reached a share of a budget
"""

from __future__ import annotations

from typing import Final

from skyclust.costs.budgets.assessment import BudgetStatus
from skyclust.costs.money import exact_text
from skyclust.event_labels import bounded_label, event_id, related_run
from skyclust.model.budget import BudgetAlert
from skyclust.model.event import Event

THRESHOLD_REACHED: Final = "skyclust.budget.threshold-reached"


def threshold_reached(workspace_id: str, alert: BudgetAlert, status: BudgetStatus) -> Event:
    """Return the event of an alert. Amounts in its payload are exact decimal texts."""
    unique = f"{workspace_id}.{alert.budget}.{alert.month}.{alert.threshold}.{alert.fired_at}"
    return Event(
        id=event_id(THRESHOLD_REACHED, unique),
        name=THRESHOLD_REACHED,
        occurred_at=alert.fired_at,
        resource={
            "prefect.resource.id": bounded_label(f"skyclust.budget.{workspace_id}.{alert.budget}"),
            "prefect.resource.name": f"Budget {alert.budget} in {alert.month:%Y-%m}",
            "skyclust.workspace": workspace_id,
            "skyclust.budget": alert.budget,
            "skyclust.threshold.kind": alert.threshold.kind.value,
        },
        related=related_run(alert.run_id),
        payload={
            "budget": alert.budget,
            "month": f"{alert.month:%Y-%m}",
            "kind": alert.threshold.kind.value,
            "percent": exact_text(alert.threshold.percent),
            "amount": exact_text(alert.amount),
            "budget_amount": exact_text(alert.budget_amount),
            "currency": alert.currency,
            "metric": status.budget.metric.value,
            "actual": exact_text(status.cost.actual),
            "forecast": exact_text(status.cost.forecast),
        },
    )

"""Firing alerts: each threshold once a month, whatever checks run at the same time."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from skyclust.costs.budgets import events
from skyclust.costs.budgets.assessment import BudgetStatus
from skyclust.costs.exact import EXACT
from skyclust.costs.money import exact_text
from skyclust.model.budget import Budget, BudgetAlert, Threshold, ThresholdKind
from skyclust.store import audit, budgets, outbox
from skyclust.store.engine import Store
from skyclust.store.types import now

if TYPE_CHECKING:
    from sqlalchemy import Connection

SCALE: Final = Decimal(1).scaleb(-12)
"""The digits of an amount in the store."""


def fire_reached(
    store: Store, workspace_id: str, status: BudgetStatus, *, run_id: str | None, fired_by: str
) -> tuple[BudgetAlert, ...]:
    """Fire what a budget reached and has not fired yet, and return those alerts.

    An alert, its event and its line in the audit trail are one transaction. A threshold fires once
    for a month and an amount of the budget: not again when costs fall and rise, and anew when
    somebody raises the budget. A budget that was changed or removed since it was assessed fires
    nothing: the next check assesses it as it is then.
    """
    if not status.reached:
        return ()
    return store.write(
        lambda connection: _fire(connection, workspace_id, status, run_id=run_id, by=fired_by)
    )


def _fire(
    connection: Connection, workspace_id: str, status: BudgetStatus, *, run_id: str | None, by: str
) -> tuple[BudgetAlert, ...]:
    if not _is_current(connection, workspace_id, status.budget):
        return ()
    alerts = [_alert(status, threshold, run_id) for threshold in status.reached]
    fired = [one for one in alerts if budgets.fire(connection, workspace_id, one)]
    if fired:
        outbox.add(
            connection,
            workspace_id,
            [events.threshold_reached(workspace_id, one, status) for one in fired],
        )
    for one in fired:
        audit.append(
            connection,
            workspace_id,
            actor=by,
            action="budget.threshold-reached",
            object=f"budget:{one.budget}",
            detail={
                "month": f"{one.month:%Y-%m}",
                "threshold": str(one.threshold),
                "amount": exact_text(one.amount),
                "budget_amount": exact_text(one.budget_amount),
                "currency": one.currency,
            },
        )
    return tuple(fired)


def _is_current(connection: Connection, workspace_id: str, budget: Budget) -> bool:
    return budget in budgets.list_all(connection, workspace_id)


def _alert(status: BudgetStatus, threshold: Threshold, run_id: str | None) -> BudgetAlert:
    cost = status.cost
    amount = cost.actual if threshold.kind is ThresholdKind.ACTUAL else cost.forecast
    return BudgetAlert(
        budget=status.budget.name,
        month=cost.month,
        threshold=threshold,
        amount=(amount or Decimal(0)).quantize(SCALE, context=EXACT),
        budget_amount=status.budget.amount,
        currency=status.budget.currency,
        fired_at=now(),
        run_id=run_id,
    )

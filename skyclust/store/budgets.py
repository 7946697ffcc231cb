"""Budgets and the alerts that they have fired."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from skyclust.errors import NotFound
from skyclust.model.budget import Budget, BudgetAlert, Threshold
from skyclust.store import workspaces
from skyclust.store.cost_choice_tables import budget_alerts, budgets
from skyclust.store.types import now


def save(connection: Connection, workspace_id: str, budget: Budget) -> bool:
    """Add a budget, or replace the one of its name, and return whether it is new.

    Its alerts of the month stay: a threshold fires once for an amount, and anew for another one.
    Raises NotFound for an unknown workspace.
    """
    workspaces.hold(connection, workspace_id)
    values = budget.model_dump(mode="json", include={"filters", "thresholds"}) | {
        "amount": budget.amount,
        "currency": budget.currency,
        "metric": budget.metric.value,
        "updated_at": now(),
    }
    changed = connection.execute(
        update(budgets)
        .where(budgets.c.workspace_id == workspace_id, budgets.c.name == budget.name)
        .values(values)
    )
    if changed.rowcount:
        return False
    connection.execute(
        insert(budgets).values(
            workspace_id=workspace_id, name=budget.name, created_at=now(), **values
        )
    )
    return True


def get(connection: Connection, workspace_id: str, name: str) -> Budget:
    """Return a budget. Raises NotFound."""
    row = connection.execute(
        select(budgets).where(budgets.c.workspace_id == workspace_id, budgets.c.name == name)
    ).one_or_none()
    if row is None:
        raise NotFound(
            f"Workspace {workspace_id!r} has no budget {name!r}.",
            hint="`skyclust cost budget list` shows those that exist.",
        )
    return _budget(row)


def list_all(connection: Connection, workspace_id: str) -> list[Budget]:
    """Return the budgets of a workspace, by name."""
    rows = connection.execute(
        select(budgets).where(budgets.c.workspace_id == workspace_id).order_by(budgets.c.name)
    )
    return [_budget(row) for row in rows]


def created_at(connection: Connection, workspace_id: str) -> dict[str, datetime]:
    """Return since when each budget of a workspace exists, by name."""
    rows = connection.execute(
        select(budgets.c.name, budgets.c.created_at).where(budgets.c.workspace_id == workspace_id)
    )
    return {row.name: row.created_at for row in rows}


def remove(connection: Connection, workspace_id: str, name: str) -> None:
    """Remove a budget and its alerts. Raises NotFound."""
    get(connection, workspace_id, name)
    for table, column in ((budget_alerts, budget_alerts.c.budget), (budgets, budgets.c.name)):
        connection.execute(
            delete(table).where(table.c.workspace_id == workspace_id, column == name)
        )


def fire(connection: Connection, workspace_id: str, alert: BudgetAlert) -> bool:
    """Note an alert, and return whether it is the first of its budget, amount, month, threshold.

    Of two processes that fire the same alert at once, one gets True.
    """
    workspaces.hold(connection, workspace_id)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    written = connection.execute(
        dialect.insert(budget_alerts)
        .values(
            workspace_id=workspace_id,
            budget=alert.budget,
            month=alert.month,
            kind=alert.threshold.kind.value,
            percent=alert.threshold.percent,
            amount=alert.amount,
            budget_amount=alert.budget_amount,
            currency=alert.currency,
            fired_at=alert.fired_at,
            run_id=alert.run_id,
        )
        .on_conflict_do_nothing()
        .returning(budget_alerts.c.budget)
    )
    # The number of rows of such an insert is not known with psycopg (-1).
    return written.one_or_none() is not None


def alerts(
    connection: Connection, workspace_id: str, *, month: date | None = None
) -> list[BudgetAlert]:
    """Return the alerts of a workspace, of one month or of all, the newest first."""
    query = select(budget_alerts).where(budget_alerts.c.workspace_id == workspace_id)
    if month is not None:
        query = query.where(budget_alerts.c.month == month)
    rows = connection.execute(
        query.order_by(
            budget_alerts.c.fired_at.desc(), budget_alerts.c.budget, budget_alerts.c.percent
        )
    )
    return [_alert(row) for row in rows]


def _budget(row: Row[Any]) -> Budget:
    values = dict(row._mapping)
    return Budget.model_validate(
        {name: values[name] for name in Budget.model_fields if name in values}
    )


def _alert(row: Row[Any]) -> BudgetAlert:
    threshold = Threshold.model_validate({"kind": row.kind, "percent": row.percent})
    return BudgetAlert.model_validate(dict(row._mapping) | {"threshold": threshold})

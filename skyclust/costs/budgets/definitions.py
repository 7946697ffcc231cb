"""Setting and removing budgets, with a line in the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skyclust.errors import InvalidRequest
from skyclust.model.budget import Budget
from skyclust.store import audit, budgets, workspaces
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

NO_FILTERS: Final = frozenset({"workspace", "day", "month"})
"""Dimensions of a query that a budget has by itself: its workspace, and the month."""


def set_budget(store: Store, workspace_id: str, budget: Budget, *, set_by: str) -> bool:
    """Add a budget or replace the one of its name; return whether it is new.

    Raises InvalidRequest for a filter by workspace, day or month, NotFound for an unknown
    workspace.
    """
    refused = sorted(NO_FILTERS & set(budget.filters))
    if refused:
        raise InvalidRequest(
            f"A budget cannot be filtered by {', '.join(refused)}.",
            hint="It is of one workspace, for each calendar month.",
        )

    def write(connection: Connection) -> bool:
        workspaces.hold(connection, workspace_id)
        before = [one for one in budgets.list_all(connection, workspace_id) if _same(one, budget)]
        new = budgets.save(connection, workspace_id, budget)
        audit.append(
            connection,
            workspace_id,
            actor=set_by,
            action="budget.set",
            object=f"budget:{budget.name}",
            detail={
                "budget": budget.model_dump(mode="json"),
                "before": before[0].model_dump(mode="json") if before else None,
            },
        )
        return new

    return store.write(write)


def remove_budget(store: Store, workspace_id: str, name: str, *, removed_by: str) -> None:
    """Remove a budget and its alerts; the audit trail keeps both. Raises NotFound."""

    def write(connection: Connection) -> None:
        workspaces.hold(connection, workspace_id)
        budget = budgets.get(connection, workspace_id, name)
        budgets.remove(connection, workspace_id, name)
        audit.append(
            connection,
            workspace_id,
            actor=removed_by,
            action="budget.removed",
            object=f"budget:{name}",
            detail={"budget": budget.model_dump(mode="json")},
        )

    store.write(write)


def _same(one: Budget, other: Budget) -> bool:
    return one.name == other.name

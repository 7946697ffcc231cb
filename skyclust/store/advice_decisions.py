"""Decisions about advice: the last one about each piece, with every one in the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, select

from skyclust.errors import NotFound
from skyclust.model.advice_decision import AdviceDecision, AdviceVerdict
from skyclust.store import audit, workspaces
from skyclust.store.cost_choice_tables import advice_decisions
from skyclust.store.types import now, require_aware

_COLUMNS: Final = advice_decisions.c


def record(
    connection: Connection,
    workspace_id: str,
    advice_id: str,
    verdict: AdviceVerdict,
    *,
    reason: str,
    decided_by: str,
    until: datetime | None = None,
    run_id: str | None = None,
) -> AdviceDecision:
    """Write a decision in place of an earlier one about the same advice, and return it.

    The decision is in the audit trail. Raises NotFound for an unknown workspace, InvalidRequest
    for a time without timezone.
    """
    end = None if until is None else require_aware(until, "until")
    workspaces.hold(connection, workspace_id, alone=True)
    decision = AdviceDecision(
        advice_id=advice_id,
        verdict=verdict,
        reason=reason,
        decided_by=decided_by,
        decided_at=now(),
        until=end,
        run_id=run_id,
    )
    connection.execute(delete(advice_decisions).where(_is(workspace_id, advice_id)))
    connection.execute(
        insert(advice_decisions).values(
            workspace_id=workspace_id,
            advice_id=advice_id,
            decision=verdict.value,
            reason=reason,
            decided_by=decided_by,
            decided_at=decision.decided_at,
            until=end,
            operation_id=run_id,
        )
    )
    audit.append(
        connection,
        workspace_id,
        actor=decided_by,
        action=f"advice.{verdict.value}",
        object=advice_id,
        detail={
            "reason": reason,
            "until": end.isoformat() if end else None,
            "run_id": run_id,
        },
    )
    return decision


def withdraw(connection: Connection, workspace_id: str, advice_id: str, *, by: str) -> None:
    """Remove a decision, so that the advice is shown again; the audit trail has it.

    Raises NotFound where nothing was decided.
    """
    workspaces.hold(connection, workspace_id, alone=True)
    removed = connection.execute(delete(advice_decisions).where(_is(workspace_id, advice_id)))
    if not removed.rowcount:
        raise _unknown(workspace_id, advice_id)
    audit.append(
        connection,
        workspace_id,
        actor=by,
        action="advice.decision_withdrawn",
        object=advice_id,
        detail={},
    )


def list_all(connection: Connection, workspace_id: str) -> list[AdviceDecision]:
    """Return the decisions of a workspace, the newest first; those that have run out too."""
    rows = connection.execute(
        select(advice_decisions)
        .where(_COLUMNS.workspace_id == workspace_id)
        .order_by(_COLUMNS.decided_at.desc(), _COLUMNS.advice_id)
    )
    return [_decision(row) for row in rows]


def _is(workspace_id: str, advice_id: str) -> ColumnElement[bool]:
    return and_(_COLUMNS.workspace_id == workspace_id, _COLUMNS.advice_id == advice_id)


def _decision(row: Row[Any]) -> AdviceDecision:
    return AdviceDecision(
        advice_id=row.advice_id,
        verdict=AdviceVerdict(row.decision),
        reason=row.reason,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        until=row.until,
        run_id=row.operation_id,
    )


def _unknown(workspace_id: str, advice_id: str) -> NotFound:
    return NotFound(f"Workspace {workspace_id!r} has decided nothing about advice {advice_id!r}.")

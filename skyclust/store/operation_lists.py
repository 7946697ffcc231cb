"""Lists of operations: those that match filters, and those that a run has to carry on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, func, or_, select

from skyclust.model.operation import Operation, OperationState
from skyclust.store.operation_rows import of_workspace, to_operation
from skyclust.store.tables import operations


def list_all(
    connection: Connection,
    workspace_id: str,
    *,
    states: Sequence[OperationState] | None = None,
    kinds: Sequence[str] | None = None,
    credential: str | None = None,
    subject_kind: str | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int | None = 1000,
) -> list[Operation]:
    """Return a workspace's operations, newest first; a filter that is None or empty takes all.

    `before` is the time of creation and the id of the last operation of the page before.
    """
    query = _filtered(
        of_workspace(workspace_id),
        states=states,
        kinds=kinds,
        credential=credential,
        subject_kind=subject_kind,
    )
    if before is not None:
        created_at, operation_id = before
        query = query.where(
            or_(
                operations.c.created_at < created_at,
                and_(
                    operations.c.created_at == created_at,
                    operations.c.operation_id > operation_id,
                ),
            )
        )
    query = query.order_by(operations.c.created_at.desc(), operations.c.operation_id)
    return [to_operation(row) for row in connection.execute(query.limit(limit))]


def open_for(
    connection: Connection, workspace_id: str, *, kind: str, names: Sequence[str]
) -> list[Operation]:
    """Return the operations of a kind on subjects of these names that have not ended, oldest first.

    Those that wait for a person are among them.
    """
    query = of_workspace(workspace_id).where(
        operations.c.finished_at.is_(None),
        operations.c.kind == kind,
        operations.c.subject_name.in_(sorted(set(names))),
    )
    query = query.order_by(operations.c.created_at, operations.c.operation_id)
    return [to_operation(row) for row in connection.execute(query)]


def is_journalled(connection: Connection, workspace_id: str, operation_id: str) -> bool:
    """Return whether the journal has an operation, open or ended."""
    row = exists().where(
        operations.c.workspace_id == workspace_id, operations.c.operation_id == operation_id
    )
    return bool(connection.scalar(select(row)))


def count_all(
    connection: Connection,
    workspace_id: str,
    *,
    states: Sequence[OperationState] | None = None,
    kinds: Sequence[str] | None = None,
    credential: str | None = None,
    subject_kind: str | None = None,
) -> int:
    """Return how many operations `list_all` would return without a limit."""
    query = select(func.count()).where(operations.c.workspace_id == workspace_id)
    filtered = _filtered(
        query, states=states, kinds=kinds, credential=credential, subject_kind=subject_kind
    )
    return connection.scalar(filtered) or 0


def _filtered(
    query: Select[Any],
    *,
    states: Sequence[OperationState] | None,
    kinds: Sequence[str] | None,
    credential: str | None,
    subject_kind: str | None,
) -> Select[Any]:
    if states:
        query = query.where(operations.c.state.in_([state.value for state in states]))
    if kinds:
        query = query.where(operations.c.kind.in_(kinds))
    if credential is not None:
        query = query.where(operations.c.credential == credential)
    if subject_kind is not None:
        query = query.where(operations.c.subject_kind == subject_kind)
    return query


def open_operations(connection: Connection, workspace_id: str | None = None) -> list[Operation]:
    """Return the operations that a run has to carry on, oldest first; of all workspaces when
    None. Those that wait for a person are not among them.
    """
    query = select(operations) if workspace_id is None else of_workspace(workspace_id)
    query = query.where(
        operations.c.finished_at.is_(None),
        operations.c.state != OperationState.NEEDS_ATTENTION.value,
    )
    query = query.order_by(operations.c.created_at, operations.c.operation_id)
    return [to_operation(row) for row in connection.execute(query)]

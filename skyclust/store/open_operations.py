"""The open operations of an installation, of all its workspaces together: how many, and which wait.

For its operator alone: what belongs to one workspace is in `skyclust.store.operations`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select

from skyclust.model.operation import OperationState
from skyclust.store.tables import operations

NAMED: Final = 5
"""Operations that are named; of the others the number says enough."""


@dataclass(frozen=True)
class OpenOperations:
    """How many operations are open in each state, and the oldest that wait for a person.

    Each of `attention` is (workspace, id, kind, name of the subject).
    """

    by_state: Mapping[OperationState, int]
    attention: Sequence[tuple[str, str, str, str]]


def open_operations_of_all(connection: Connection) -> OpenOperations:
    """Return the open operations of all workspaces; at most NAMED of those that wait are named."""
    open_ones = operations.c.finished_at.is_(None)
    states = select(operations.c.state, func.count()).where(open_ones).group_by(operations.c.state)
    waiting = (
        select(
            operations.c.workspace_id,
            operations.c.operation_id,
            operations.c.kind,
            func.coalesce(operations.c.subject_name, operations.c.subject_id, ""),
        )
        .where(open_ones, operations.c.state == OperationState.NEEDS_ATTENTION.value)
        .order_by(operations.c.created_at, operations.c.operation_id)
        .limit(NAMED)
    )
    return OpenOperations(
        by_state={OperationState(state): number for state, number in connection.execute(states)},
        attention=[(row[0], row[1], row[2], row[3]) for row in connection.execute(waiting)],
    )

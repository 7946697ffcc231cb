"""What people do to operations in the journal: have them tried again, cancel or abandon them.

Each write checks and raises the epoch as a taking over does, so that of a person and a run
that write at once one loses and gets `Fenced`. Asking for a cancel is the exception: it
changes nothing that a run writes, so it needs no epoch and fences nobody off.
"""

from __future__ import annotations

from sqlalchemy import Connection

from skyclust.errors import InvalidRequest
from skyclust.model.operation import Operation, OperationState
from skyclust.store import operations
from skyclust.store.types import now


def resume(
    connection: Connection,
    workspace_id: str,
    operation_id: str,
    epoch: int,
    *,
    state: OperationState,
    by: str,
) -> Operation:
    """Make a parked operation one that the recovery carries on, and return it.

    Its attempts and its age count anew. `state` is that of its line. Raises Fenced when it
    has another epoch by now, InvalidRequest when it is not parked, NotFound when there is none.
    """
    known = operations.get(connection, workspace_id, operation_id)
    if known.state is not OperationState.NEEDS_ATTENTION:
        raise InvalidRequest(
            f"Operation {operation_id} does not wait for a decision: it is {known.state}.",
            hint="`skyclust operation list --state needs-attention` shows those that do.",
        )
    values = {
        "epoch": epoch + 1,
        "run_id": None,
        "state": state.value,
        "attempts": 0,
        "resumed_at": now(),
    }
    detail = f"to be tried again, by {by}"
    return operations.write_line(
        connection, workspace_id, operation_id, epoch, values, detail=detail
    )


def request_cancel(
    connection: Connection, workspace_id: str, operation_id: str, *, by: str, keep: bool
) -> Operation:
    """Write down that somebody wants an operation not to be done, and return it.

    The run that works on it reads this at its next step. Who asked first stays; asking again
    can only change whether what had begun is kept. Raises InvalidRequest when it has ended,
    NotFound when there is none.
    """
    known = operations.get(connection, workspace_id, operation_id)
    values = {
        "cancel_requested_at": known.cancel_requested_at or now(),
        "cancel_requested_by": known.cancel_requested_by or by,
        "cancel_keep": keep,
    }
    detail = f"cancel requested by {by}" + (", keeping what has begun" if keep else "")
    return operations.write_line(
        connection, workspace_id, operation_id, None, values, detail=detail
    )


def abandon(
    connection: Connection,
    workspace_id: str,
    operation_id: str,
    epoch: int,
    *,
    by: str,
    reason: str,
) -> Operation:
    """End an operation where it stands, and return it; a run that works on it is fenced off.

    Raises Fenced when it has another epoch by now, InvalidRequest when it has ended, NotFound
    when there is none.
    """
    values = {
        "epoch": epoch + 1,
        "state": OperationState.ABANDONED.value,
        "finished_at": now(),
    }
    detail = f"abandoned by {by}: {reason}"
    return operations.write_line(
        connection, workspace_id, operation_id, epoch, values, detail=detail
    )

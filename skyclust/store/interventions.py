"""The decisions of people about operations in the journal: resume, cancel, abandon.

Each write checks and raises the epoch as taking over does, so that of a person and a run
that write at once one loses and gets `Fenced`. The request to cancel is the exception: it
changes no column that a run writes, so it needs no epoch and fences nobody off.
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
    """Let the recovery carry on a paused operation, and return it.

    Its attempts and its age count from now. `state` is that of its position. Raises Fenced when
    it has another epoch by now, InvalidRequest when it is not paused, NotFound when it does not
    exist.
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
    detail = f"resumed by {by}"
    return operations.write_line(
        connection, workspace_id, operation_id, epoch, values, detail=detail
    )


def request_cancel(
    connection: Connection, workspace_id: str, operation_id: str, *, by: str, keep: bool
) -> Operation:
    """Write the request to cancel an operation, and return the operation.

    The run that works on it reads this at its next step. The first requester is kept; a second
    request can only change whether what had begun is kept. Raises InvalidRequest when the
    operation has ended, NotFound when it does not exist.
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
    """End an operation at its position, and return it; a run that works on it is fenced off.

    Raises Fenced when it has another epoch by now, InvalidRequest when it has ended, NotFound
    when it does not exist.
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

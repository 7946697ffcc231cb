"""Recovery: the operations whose flow run is gone are taken over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from skyclust.errors import Fenced, InvalidRequest
from skyclust.model.operation import Operation
from skyclust.model.request import RecoverRequest
from skyclust.model.run_liveness import RunLiveness
from skyclust.operations.attempt_limits import load_attempt_limits
from skyclust.operations.decisions import request_cancel
from skyclust.operations.execution import Execution
from skyclust.operations.journal import pause
from skyclust.store import operations

if TYPE_CHECKING:
    from sqlalchemy import Connection

KILLED: Final = "each of its {attempts} attempts ended without a reply, perhaps with its process"


@dataclass(frozen=True)
class Abandoned:
    """An open operation whose run is gone; `cancelled` says that the run was cancelled."""

    operation: Operation
    cancelled: bool


def find_abandoned(
    execution: Execution,
    request: RecoverRequest,
    liveness: Callable[[Iterable[str]], Mapping[str, RunLiveness]],
) -> list[Abandoned]:
    """Return the open operations whose flow run is gone, of those that the request names.

    Those of the recovery's own run are not among them. `liveness` returns the liveness of flow
    runs by their ids. An operation whose run is being cancelled is left to that run; the request
    to cancel is written to the journal, where the run reads it.
    """
    with execution.store.reading() as connection:
        candidates = operations.open_operations(connection, request.workspace)
    foreign = [
        operation
        for operation in candidates
        if operation.run_id != execution.run_id
        and (not request.operations or operation.id in request.operations)
    ]
    runs = liveness(operation.run_id for operation in foreign if operation.run_id)
    gone = []
    for operation in foreign:
        state = runs.get(operation.run_id or "", RunLiveness.GONE)
        if state is RunLiveness.CANCELLING and not operation.cancelled:
            _cancel(execution, operation)
        if not state.at_work:
            gone.append(Abandoned(operation, cancelled=state.cancel_requested))
    return gone


def take_over(execution: Execution, abandoned: Sequence[Abandoned]) -> list[Operation]:
    """Make this run the owner of the operations and return those that it got.

    An operation that another recovery has taken over is left to that. The cancellation of the
    former run is written in the same transaction, so that a later recovery knows it too. An
    operation that was begun too often is paused.
    """
    taken: list[Operation] = []
    for each in abandoned:
        try:
            taken.append(_take_over(execution, each))
        except (Fenced, InvalidRequest) as error:  # taken over, or ended, by another run
            execution.log.info("%s", error)
    return taken


def _take_over(execution: Execution, abandoned: Abandoned) -> Operation:
    def take(connection: Connection) -> Operation:
        operation = operations.take_over(
            connection,
            abandoned.operation.workspace_id,
            abandoned.operation.id,
            abandoned.operation.epoch,
            run_id=execution.run_id,
        )
        if abandoned.cancelled and not operation.cancelled:
            by = _canceller(abandoned.operation)
            return request_cancel(connection, operation, keep=False, by=by, actor=execution.actor)
        return operation

    operation = execution.store.write(take)
    if operation.attempts >= load_attempt_limits().attempts:
        return pause(execution, operation, KILLED.format(attempts=operation.attempts))
    return operation


def _cancel(execution: Execution, operation: Operation) -> None:
    request = partial(
        request_cancel,
        operation=operation,
        keep=False,
        by=_canceller(operation),
        actor=execution.actor,
    )
    try:
        execution.store.write(request)
    except InvalidRequest as error:  # it has just ended
        execution.log.info("%s", error)


def _canceller(operation: Operation) -> str:
    """Return who cancelled, as far as Prefect knows: it keeps no names."""
    return f"whoever cancelled flow-run:{operation.run_id}"

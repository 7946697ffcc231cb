"""Finding the operations that nobody works on any more, and taking them over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from skyclust.bounds import load_bounds
from skyclust.errors import Fenced, InvalidRequest, SkyClustError
from skyclust.model.operation import Operation
from skyclust.model.request import RecoverRequest
from skyclust.orchestration.liveness import Liveness, liveness
from skyclust.orchestration.runs import tell_end_of_cancelled
from skyclust.orchestration.trail import audit_operation
from skyclust.store import interventions, operations
from skyclust.store.engine import Store, open_store
from tasks.journal import current_run, park
from tasks.verdict import told

if TYPE_CHECKING:
    from sqlalchemy import Connection

KILLED: Final = "each of its {attempts} attempts ended without an answer, perhaps with its process"


@dataclass(frozen=True)
class Abandoned:
    """An open operation whose run is gone; `cancelled` says that someone stopped the run."""

    operation: Operation
    cancelled: bool


@task(name="find abandoned operations", cache_policy=NO_CACHE, persist_result=False)
def abandoned(request: RecoverRequest) -> list[Abandoned]:
    """Return the open operations whose flow run is gone, of those that are meant.

    Those of the run that asks are not among them. An operation whose run is at work and is
    being cancelled is left to it, once the journal tells the run so.
    """
    store = open_store()
    with store.reading() as connection:
        found = operations.open_operations(connection, request.workspace)
    mine = current_run()
    foreign = [
        operation
        for operation in found
        if operation.run_id != mine
        and (not request.operations or operation.id in request.operations)
    ]
    runs = liveness(operation.run_id for operation in foreign if operation.run_id)
    gone = []
    for operation in foreign:
        state = runs.get(operation.run_id or "", Liveness.GONE)
        if state is Liveness.CANCELLING and not operation.cancelled:
            _tell_cancelled(store, operation)
        if not state.at_work:
            gone.append(Abandoned(operation, cancelled=state.asked_to_stop))
    return gone


@task(name="take over operations", cache_policy=NO_CACHE, persist_result=False)
def take_over(found: Sequence[Abandoned]) -> list[Operation]:
    """Make this run the owner of the operations and return those that it got.

    One that another recovery was faster to take is left to that. That a run was cancelled is
    written down with the taking over, so that a later recovery knows it too. One that was
    begun too often is parked.
    """
    store = open_store()
    taken: list[Operation] = []
    for one in found:
        try:
            taken.append(_taken(store, one))
        except (Fenced, InvalidRequest) as error:  # taken, or ended, by somebody else
            get_run_logger().info("%s", error)
    return taken


@task(name="tell what became of cancelled runs", cache_policy=NO_CACHE, persist_result=False)
def tell_cancelled_runs(found: Sequence[Abandoned], carried: Sequence[Operation]) -> None:
    """Let each run that was cancelled tell at its end what became of its operations."""
    ended = {one.id: one for one in carried}
    of_run: dict[str, list[Operation]] = defaultdict(list)
    for one in found:
        if one.cancelled and one.operation.run_id and one.operation.id in ended:
            of_run[one.operation.run_id].append(ended[one.operation.id])
    for run_id, its_own in of_run.items():
        try:
            tell_end_of_cancelled(run_id, f"Cancelled; of its operations: {told(its_own)}.")
        except SkyClustError as error:  # the journal has it all the same
            get_run_logger().warning("Flow run %s does not tell its end: %s", run_id, error)


def _taken(store: Store, one: Abandoned) -> Operation:
    def take(connection: Connection) -> Operation:
        operation = operations.take_over(
            connection,
            one.operation.workspace_id,
            one.operation.id,
            one.operation.epoch,
            run_id=current_run(),
        )
        if one.cancelled and not operation.cancelled:
            return _request_cancel(connection, operation, by=_canceller(one.operation))
        return operation

    operation = store.write(take)
    if operation.attempts >= load_bounds().attempts:
        return park(store, operation, KILLED.format(attempts=operation.attempts))
    return operation


def _tell_cancelled(store: Store, operation: Operation) -> None:
    try:
        store.write(partial(_request_cancel, operation=operation, by=_canceller(operation)))
    except InvalidRequest as error:  # it has just come to its end
        get_run_logger().info("%s", error)


def _request_cancel(connection: Connection, operation: Operation, *, by: str) -> Operation:
    asked = interventions.request_cancel(
        connection, operation.workspace_id, operation.id, by=by, keep=False
    )
    audit_operation(connection, asked, "cancel-requested", by=by, keep=False)
    return asked


def _canceller(operation: Operation) -> str:
    """Return who cancelled, as far as Prefect knows: it keeps no names."""
    return f"whoever cancelled flow-run:{operation.run_id}"

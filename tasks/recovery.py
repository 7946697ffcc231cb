"""Finding the operations that nobody works on any more, and taking them over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from skyclust.errors import Fenced, Terminal
from skyclust.model.operation import Operation, OperationState
from skyclust.orchestration.liveness import Liveness, liveness
from skyclust.steps import Position
from skyclust.store import operations
from skyclust.store.engine import open_store
from tasks.journal import advance, current_run
from tasks.outcome import Done


@dataclass(frozen=True)
class Abandoned:
    """An open operation whose run is gone; `cancelled` says that someone stopped the run."""

    operation: Operation
    cancelled: bool


@task(name="find abandoned operations", cache_policy=NO_CACHE, persist_result=False)
def abandoned(workspace_id: str | None) -> list[Abandoned]:
    """Return the open operations whose flow run is gone, of one workspace or of all.

    Those of the run that asks are not among them.
    """
    with open_store().reading() as connection:
        found = operations.open_operations(connection, workspace_id)
    mine = current_run()
    foreign = [operation for operation in found if operation.run_id != mine]
    runs = liveness(operation.run_id for operation in foreign if operation.run_id)
    return [
        Abandoned(operation, cancelled=state is Liveness.CANCELLED)
        for operation in foreign
        if (state := runs.get(operation.run_id or "", Liveness.GONE)) is not Liveness.AT_WORK
    ]


@task(name="take over operations", cache_policy=NO_CACHE, persist_result=False)
def take_over(found: Sequence[Abandoned]) -> list[Operation]:
    """Make this run the owner of the operations and return those that it got.

    One that another recovery was faster to take is left to that. A cancelled one that was
    never begun ends here as failed.
    """
    store = open_store()
    taken: list[Operation] = []
    for one in found:
        try:
            with store.writing() as connection:
                operation = operations.take_over(
                    connection,
                    one.operation.workspace_id,
                    one.operation.id,
                    one.operation.epoch,
                    run_id=current_run(),
                )
            if one.cancelled and operation.state is OperationState.PENDING:
                stopped = Terminal("The run was cancelled before the cloud was called.")
                operation = advance(store, operation, Done(Position.FAILED, error=stopped))
        except Fenced as error:
            get_run_logger().info("%s", error)
            continue
        taken.append(operation)
    return taken

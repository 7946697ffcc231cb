"""Carry on the operations whose run is gone."""

from __future__ import annotations

from typing import Any, Final

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from skyclust.file_modes import keep_files_private
from skyclust.model.request import RecoverRequest
from skyclust.orchestration.deferred_work import do_deferred_work
from skyclust.orchestration.execution import current_run
from skyclust.orchestration.flow_parameters import parameters_of, run_name_of
from skyclust.orchestration.heartbeats import heartbeat
from skyclust.orchestration.partial_runs import ended
from skyclust.orchestration.reports import report_operations
from skyclust.orchestration.run_views import IN_VIEW
from skyclust.orchestration.runs import tag_this_run
from skyclust.orchestration.superseded_runs import supersede_waiting_runs
from skyclust.orchestration.verdict import recovery_verdict
from skyclust.store.engine import open_store
from tasks.operations import carry_on_all
from tasks.recovery import find_abandoned, report_to_cancelled_runs, take_over

WORKERS: Final = 20
"""Operations carried on at once."""


@flow(
    name="recover-operations",
    flow_run_name=run_name_of(RecoverRequest),
    task_runner=ThreadPoolTaskRunner(max_workers=WORKERS),  # type: ignore[arg-type]  # generic in the result
    persist_result=False,
    validate_parameters=False,
)
@parameters_of(RecoverRequest)
def recover_operations(request: RecoverRequest) -> State[Any]:
    """Take over every open operation whose run is gone and carry it to its end.

    Events that a dead process did not send, and blocks that it did not delete, come first.
    What a cancelled run had not begun is not begun; what it had begun is rolled back, or
    completed where that is impossible. An operation that was retried too often waits for a
    person. The run ends as Completed when every operation has ended, however it ended.
    Recoveries may run side by side: an operation has one owner at a time.
    """
    keep_files_private()
    supersede_waiting_runs()
    with heartbeat(current_run()):
        return _recover(request)


def _recover(request: RecoverRequest) -> State[Any]:
    store = open_store()
    do_deferred_work(store)
    abandoned = find_abandoned(request)
    if not abandoned:
        return Completed(message="No operation needs recovery.")
    taken = take_over(abandoned)
    if not taken:
        return Completed(message="Another recovery was faster.")
    tag_this_run({IN_VIEW, *(f"workspace:{operation.workspace_id}" for operation in taken)})
    carried = carry_on_all(taken)
    report_to_cancelled_runs(abandoned, carried)
    report_operations(store, carried, run_id=current_run())
    return ended(recovery_verdict(carried))

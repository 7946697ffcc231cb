"""Carry on the operations whose run is gone."""

from __future__ import annotations

from typing import Any, Final

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from skyclust.file_modes import keep_files_private
from skyclust.model.request import RecoverRequest
from skyclust.orchestration.after_commit import finish
from skyclust.orchestration.backlog import stand_for_waiting_runs
from skyclust.orchestration.heartbeats import heartbeat
from skyclust.orchestration.runs import tag_this_run
from skyclust.store.engine import open_store
from tasks.journal import current_run
from tasks.operations import carry_on_all
from tasks.recovery import abandoned, take_over, tell_cancelled_runs
from tasks.reports import report_operations
from tasks.verdict import recovery_verdict

EVERY_WORKSPACE: Final = RecoverRequest()

WORKERS: Final = 20
"""Operations carried on at once."""


@flow(
    name="recover-operations",
    flow_run_name="{request.summary}",
    task_runner=ThreadPoolTaskRunner(max_workers=WORKERS),  # type: ignore[arg-type]  # generic in the result
    persist_result=False,
)
def recover_operations(request: RecoverRequest = EVERY_WORKSPACE) -> State[Any]:
    """Take over every open operation whose run is gone and carry it to its end.

    What a dead process owed to Prefect, events and blocks to delete, is made up for first.
    What a cancelled run had not begun is not begun any more; what it had begun is undone, or
    carried to its end where it cannot be. An operation that was tried too often waits for a
    person. The run ends as Completed when every operation came to its end, whichever that was.
    Recoveries may run side by side: an operation has one owner at a time.
    """
    keep_files_private()
    stand_for_waiting_runs()
    with heartbeat(current_run()):
        return _recover(request)


def _recover(request: RecoverRequest) -> State[Any]:
    store = open_store()
    finish(store)
    found = abandoned(request)
    if not found:
        return Completed(message="No operation needs recovery.")
    taken = take_over(found)
    if not taken:
        return Completed(message="Another recovery was faster.")
    tag_this_run({f"workspace:{one.workspace_id}" for one in taken})
    carried = carry_on_all(taken)
    tell_cancelled_runs(found, carried)
    report_operations(store, carried, run_id=current_run())
    return recovery_verdict(carried)

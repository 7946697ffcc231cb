"""Carry on the operations whose run is gone."""

from __future__ import annotations

from typing import Any, Final

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from skyclust.model.request import RecoverRequest
from skyclust.orchestration.runs import tag_this_run
from skyclust.store.engine import open_store
from tasks.journal import current_run
from tasks.operations import carry_on_all, recovery_verdict
from tasks.recovery import abandoned, take_over
from tasks.reports import report_operations

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

    What a cancelled run had not begun is not begun any more; what it had begun is finished.
    The run ends as Completed when every operation came to its end, whichever that was.
    Recoveries may run side by side: an operation has one owner at a time.
    """
    found = abandoned(request.workspace)
    if not found:
        return Completed(message="No operation needs recovery.")
    taken = take_over(found)
    if not taken:
        return Completed(message="Another recovery was faster.")
    tag_this_run({f"workspace:{one.workspace_id}" for one in taken})
    carried = carry_on_all(taken)
    report_operations(open_store(), carried, run_id=current_run())
    return recovery_verdict(carried)

"""Recovery: finding the operations whose run is gone, and taking them over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from prefect import get_run_logger, task

from skyclust.errors import SkyClustError
from skyclust.model.operation import Operation
from skyclust.model.request import RecoverRequest
from skyclust.operations import recovery
from skyclust.operations.recovery import Abandoned
from skyclust.orchestration.dispatch import try_to_send
from skyclust.orchestration.execution import current_execution
from skyclust.orchestration.run_liveness import liveness
from skyclust.orchestration.runs import report_end_of_cancelled
from skyclust.orchestration.verdict import count_states
from tasks.retry_policy import UNCACHED


@task(name="find abandoned operations", **UNCACHED)
def find_abandoned(request: RecoverRequest) -> list[Abandoned]:
    """Return the open operations whose flow run is gone, of those that the request names."""
    return recovery.find_abandoned(current_execution(), request, liveness)


@task(name="take over operations", **UNCACHED)
def take_over(abandoned: Sequence[Abandoned]) -> list[Operation]:
    """Make this run the owner of the operations and return those that it got."""
    execution = current_execution()
    taken = recovery.take_over(execution, abandoned)
    try_to_send(execution.store)
    return taken


@task(name="report to cancelled runs", **UNCACHED)
def report_to_cancelled_runs(abandoned: Sequence[Abandoned], carried: Sequence[Operation]) -> None:
    """Write into each run that was cancelled how its operations ended."""
    ended = {operation.id: operation for operation in carried}
    of_run: dict[str, list[Operation]] = defaultdict(list)
    for each in abandoned:
        if each.cancelled and each.operation.run_id and each.operation.id in ended:
            of_run[each.operation.run_id].append(ended[each.operation.id])
    for run_id, its_own in of_run.items():
        message = f"Cancelled; of its operations: {count_states(its_own)}."
        try:
            report_end_of_cancelled(run_id, message)
        except SkyClustError as error:  # the journal has it all the same
            get_run_logger().warning("Flow run %s does not show its end: %s", run_id, error)

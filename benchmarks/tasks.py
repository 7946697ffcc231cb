"""What Prefect adds to a task, measured by a flow of tasks that do nothing.

`python -m benchmarks.tasks COUNT` works with the Prefect server of its environment. The
overhead is the client's; the server records task runs on its own time, which is reported too.
"""

from __future__ import annotations

import sys
import time
from typing import Final
from uuid import UUID

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from benchmarks.measuring import Cost, measured, report
from skyclust.inventory.scheduler import WORKERS
from skyclust.orchestration.client import prefect_client

RECORDING_SECONDS: Final = 120.0
"""The longest that the server may take to have recorded everything."""


@task(cache_policy=NO_CACHE, persist_result=False)
def do_nothing() -> None:
    """Do nothing."""


@flow(
    name="benchmark-tasks",
    task_runner=ThreadPoolTaskRunner(max_workers=WORKERS),  # type: ignore[arg-type]  # generic in the result
    persist_result=False,
)
def run_tasks(count: int) -> tuple[str, Cost]:
    """Run so many tasks as a sync runs its own; return the run's id and what they cost."""

    def run() -> None:
        for future in [do_nothing.submit() for _ in range(count)]:
            future.result()

    # Measured in here: the end of a flow waits up to a second for its heartbeat, and a short
    # row of tasks would hide behind that.
    _, cost = measured(run)
    return str(flow_run.id), cost


def seconds_until_recorded(run_id: UUID, count: int) -> float:
    """Return how long after now the server has every task run in its final state."""
    began = time.perf_counter()
    with prefect_client() as client:
        while not _is_recorded(client, run_id, count):
            if time.perf_counter() - began > RECORDING_SECONDS:
                raise TimeoutError(f"The server had not recorded {count} task runs in time.")
            time.sleep(0.1)
    return time.perf_counter() - began


def _is_recorded(client: SyncPrefectClient, run_id: UUID, count: int) -> bool:
    ended = client.read_task_runs(
        flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run_id])),
        task_run_filter=TaskRunFilter(
            state=TaskRunFilterState(type=TaskRunFilterStateType(any_=[StateType.COMPLETED]))
        ),
        # There is a last one behind all others.
        offset=count - 1,
        limit=1,
    )
    return len(ended) == 1


def main(count: int) -> None:
    """Measure a flow without tasks, then one with them."""
    run_tasks(0)  # the first flow run of a process pays for what all others share
    _, empty = measured(lambda: run_tasks(0))
    run_id, cost = run_tasks(count)
    report(
        {
            "tasks": count,
            "milliseconds_per_task": round(1000 * cost.seconds / count, 2),
            "cpu_milliseconds_per_task": round(1000 * cost.cpu_seconds / count, 2),
            "empty_flow_seconds": round(empty.seconds, 2),
            "recorded_after_seconds": round(seconds_until_recorded(UUID(run_id), count), 2),
        }
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))

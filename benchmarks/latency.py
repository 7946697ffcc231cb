"""How long a person waits from a trigger until the run does something.

`python -m benchmarks.latency TIMES` triggers the deployment of the inventory sync, with no
credential to read with, on the Prefect server of its environment and through its worker.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from typing import Final
from uuid import UUID

from benchmarks.measuring import report
from skyclust.orchestration.client import prefect_client
from skyclust.orchestration.runs import follow, trigger

DEPLOYMENT: Final = "sync-inventory/sync-inventory"
FOLLOW_SECONDS: Final = 120.0


def one_latency() -> float:
    """Return the seconds from the call of `trigger` to the start that the server keeps."""
    requested = time.time()
    run_id = trigger(DEPLOYMENT, {"workspace": "default"})
    outcome = follow(run_id, on_update=lambda _: None, timeout=FOLLOW_SECONDS)
    with prefect_client() as client:
        started = client.read_flow_run(UUID(run_id)).start_time
    if not outcome.succeeded or started is None:
        raise RuntimeError(f"Run {outcome.name} ended {outcome.state_name}: {outcome.message}")
    return started.timestamp() - requested


def _p95(seconds: list[float]) -> float:
    """Return the time that 95 of a hundred runs do not exceed; the slowest of a few."""
    return sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]


def main(times: int) -> None:
    """Trigger one run after the other."""
    # Before the first the worker loads what all runs share.
    one_latency()
    seconds = [one_latency() for _ in range(times)]
    report(
        {
            "runs": times,
            "median_seconds": round(statistics.median(seconds), 2),
            "p95_seconds": round(_p95(seconds), 2),
            "slowest_seconds": round(max(seconds), 2),
        }
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""A run in a process of its own that dies where a drill wants it to, and the tidying after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState
from prefect.client.schemas.filters import FlowRunFilterStateType as StateTypeFilter
from prefect.client.schemas.objects import StateType
from prefect.states import Crashed

from skyclust.orchestration.limits import credential_limit_name

ROOT = Path(__file__).parents[2]
KILLER = Path(__file__).parent / "killer"
NEVER = 10**9
CHILD_SECONDS = 90


@dataclass
class Child:
    """A run in a process of its own that kills itself at a crossing, or is killed."""

    flow: str
    parameters: dict[str, Any]
    log: Path
    kill_at: int | str = NEVER
    signal: signal.Signals = signal.SIGKILL
    crossings_at: str = "contract"
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(KILLER), str(ROOT)]),
            "SKYCLUST_DRILL_KILL_AT": str(self.kill_at),
            "SKYCLUST_DRILL_LOG": str(self.log),
            "SKYCLUST_DRILL_SIGNAL": self.signal.name,
            "SKYCLUST_DRILL_CROSSINGS": self.crossings_at,
        }
        command = [sys.executable, "-m", "tests.drills.child", self.flow]
        with self.log.with_suffix(".output").open("wb") as output:
            self.process = subprocess.Popen(
                [*command, json.dumps(self.parameters)],
                env=environment,
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait(self) -> int:
        return self.process.wait(timeout=CHILD_SECONDS)

    def crossings(self) -> list[str]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.split(" ", 1)[1] for line in lines]

    def output(self) -> str:
        return self.log.with_suffix(".output").read_text()[-3000:]


def open_slots(credential: str) -> None:
    """Let a credential have slots enough: a killed process keeps its own for a minute, and a
    drill kills faster than that.
    """
    name = credential_limit_name("default", credential)
    limit = GlobalConcurrencyLimitCreate(name=name, limit=1000)
    with get_client(sync_client=True) as client:
        client.create_global_concurrency_limit(limit)


def mark_crashed() -> None:
    """Do what a worker does when the process of its run has died."""
    at_work = FlowRunFilter(
        state=FlowRunFilterState(type=StateTypeFilter(any_=[StateType.RUNNING, StateType.PENDING]))
    )
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_run_filter=at_work):
            client.set_flow_run_state(run.id, Crashed(message="killed"), force=True)


def killed_everywhere(
    flow: str,
    parameters: Callable[[str], dict[str, Any]],
    check: Callable[[str, str], None],
    folder: Path,
    *,
    crossings_at: str = "contract",
) -> list[str]:
    """Kill a run at its first crossing, its second and so on, until one gets through.

    Returns the crossings at which one was killed.
    """
    killed_at: list[str] = []
    while True:
        number = len(killed_at) + 1
        name = f"{flow}-{number}"
        child = Child(
            flow,
            parameters(name),
            folder / f"{name}.log",
            kill_at=number,
            crossings_at=crossings_at,
        )
        code = child.wait()
        if code != -signal.SIGKILL:
            assert code == 0, child.output()
            check(name, "not killed")
            return killed_at
        where = f"killed at {number}, {child.crossings()[-1]}"
        killed_at.append(child.crossings()[-1])
        check(name, where)

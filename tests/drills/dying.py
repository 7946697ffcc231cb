"""A run in a process of its own that dies where a drill wants it to, and the tidying after."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState
from prefect.client.schemas.filters import FlowRunFilterStateType as StateTypeFilter
from prefect.client.schemas.objects import State, StateType
from prefect.states import Crashed

from skyclust.orchestration.limits import credential_limit_name

ROOT = Path(__file__).parents[2]
KILLER = Path(__file__).parent / "killer"
NEVER = 10**9
CHILD_SECONDS = 90
EACH = 3


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
    end_runs(Crashed(message="killed"))


def end_runs(state: State[None]) -> None:
    """Let every run that counts as at work end in a state."""
    at_work = FlowRunFilter(
        state=FlowRunFilterState(type=StateTypeFilter(any_=[StateType.RUNNING, StateType.PENDING]))
    )
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_run_filter=at_work):
            client.set_flow_run_state(run.id, state, force=True)


def crossings_of(
    flow: str, parameters: dict[str, Any], log: Path, *, crossings_at: str = "contract"
) -> list[str]:
    """Run a flow to its end, and return its crossings, each with its number among its kind."""
    whole = Child(flow, parameters, log, crossings_at=crossings_at)
    assert whole.wait() == 0, whole.output()
    alike: Counter[str] = Counter()
    numbered = []
    for crossing in whole.crossings():
        alike[crossing] += 1
        numbered.append(f"{crossing} #{alike[crossing]}")
    return numbered


def sampled(crossings: list[str]) -> list[str]:
    """Return all calls of a cloud, and each third commit, from one that the dice choose.

    SKYCLUST_DRILL_SEED repeats a choice, and SKYCLUST_DRILL_ALL=1 leaves nothing out.
    """
    if os.environ.get("SKYCLUST_DRILL_ALL"):
        return crossings
    commits = [crossing for crossing in crossings if " commit " in crossing]
    chosen = commits[dice().randrange(EACH) :: EACH]
    return [crossing for crossing in crossings if crossing in chosen or crossing not in commits]


def dice() -> random.Random:
    """Return dice whose seed is printed, so that what they showed can be repeated."""
    seed = os.environ.get("SKYCLUST_DRILL_SEED") or str(random.randrange(10**6))
    print(f"SKYCLUST_DRILL_SEED={seed}")
    return random.Random(seed)


def killed_at(
    crossings: list[str],
    flow: str,
    parameters: Callable[[str], dict[str, Any]],
    check: Callable[[str, str], None],
    folder: Path,
    *,
    crossings_at: str = "contract",
) -> None:
    """Kill a run at each of the crossings, and check after each what was left behind.

    The runs are named by the flow and a number from 1. A run that does not come to its crossing,
    because it looked at the cloud less often than the one before, has to succeed.
    """
    for number, crossing in enumerate(crossings, start=1):
        name = f"{flow}-{number}"
        log = folder / f"{name}.log"
        child = Child(flow, parameters(name), log, kill_at=crossing, crossings_at=crossings_at)
        code = child.wait()
        assert code in {0, -signal.SIGKILL}, child.output()
        check(name, f"killed {crossing}" if code else f"not killed {crossing}")

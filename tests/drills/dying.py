"""A run in a process of its own that dies where a drill wants it to, and the tidying after."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
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
from tests.fixtures.sampling import sampled

ROOT = Path(__file__).parents[2]
NEVER = "never"
CHILD_SECONDS = 90
LOADING_SECONDS = 120

CHANGING_CALLS = frozenset(
    {
        "create_instance",
        "start_instance",
        "stop_instance",
        "delete_instance",
        "create_snapshot",
        "restore_snapshot",
        "delete_snapshot",
        "delete_resource",
        "attach_disk",
        "detach_disk",
        "set_tags",
    }
)
"""The calls of the contract by which a cloud changes something."""


class Forks:
    """The process that forks for each run (`tests.drills.child`), one run after the other."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.drills.child"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._unread = b""

    def ask(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")

    def answer(self, seconds: float) -> str:
        """Return the next line of the process; TimeoutError when none comes in time."""
        assert self._process.stdout is not None
        end = time.monotonic() + seconds
        while b"\n" not in self._unread:
            ready, _, _ = select.select([self._process.stdout], [], [], end - time.monotonic())
            read = os.read(self._process.stdout.fileno(), 4096) if ready else b""
            if not read:
                self.end()
                raise TimeoutError(f"no answer within {seconds} s from the process that forks")
            self._unread += read
        line, self._unread = self._unread.split(b"\n", 1)
        return line.decode()

    def end(self) -> None:
        self._process.kill()
        self._process.wait(timeout=10)

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None


_running: list[Forks] = []


def forks() -> Forks:
    """Return the process that forks; one is enough for all drills of this process."""
    if not _running or _running[-1].ended:
        _running.append(Forks())
        atexit.register(_running[-1].end)
    return _running[-1]


@dataclass
class Child:
    """A run in a process of its own that kills itself at a crossing, or is killed."""

    flow: str
    parameters: dict[str, Any]
    log: Path
    kill_at: str = NEVER
    signal: signal.Signals = signal.SIGKILL
    crossings_at: str = "contract"
    pid: int = field(init=False)
    _forks: Forks = field(init=False)
    _code: int | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._forks = forks()
        self._forks.ask(
            {
                "flow": self.flow,
                "parameters": self.parameters,
                "environment": dict(os.environ),
                "output": str(self.log.with_suffix(".output")),
                "log": str(self.log),
                "kill_at": self.kill_at,
                "signal": self.signal.name,
                "crossings_at": self.crossings_at,
            }
        )
        self.pid = int(self._forks.answer(LOADING_SECONDS))

    def come_to_first_crossing(self) -> None:
        """Wait until it does what can be seen from outside."""
        end = time.monotonic() + CHILD_SECONDS
        while not self.crossings():
            assert time.monotonic() < end, self.output()
            time.sleep(0.01)

    def stopped(self) -> None:
        """Wait until its signal has stopped it."""
        assert self._forks.answer(CHILD_SECONDS) == "stopped", self.output()

    def wait(self) -> int:
        """Wait for its end, and return its exit code: negative for the signal that ended it."""
        if self._code is None:
            try:
                self._code = int(self._forks.answer(CHILD_SECONDS))
            except TimeoutError:
                os.kill(self.pid, signal.SIGKILL)
                raise
        return self._code

    def kill(self) -> int:
        """Kill it, unless it came to its end before, and return its exit code."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def crossings(self) -> list[str]:
        """Return what it came by, each with its number among its kind."""
        return self.log.read_text().splitlines() if self.log.exists() else []

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
    return whole.crossings()


def sampled_crossings(crossings: list[str], at_random: int) -> list[str]:
    """Return the crossings at which a run is killed.

    The core is each crossing of a call that changes the cloud and the last crossing of all; the
    rest (reads of the cloud and commits of the store) is a random sample.
    """

    def core(crossing: str) -> bool:
        return crossing.split()[1] in CHANGING_CALLS or crossing == crossings[-1]

    return sampled(crossings, core, at_random)


def sampled_requests(crossings: list[str], at_random: int) -> list[str]:
    """Return the requests at which a run is killed.

    The core is the moment after the first request (the cloud has something that the journal does
    not mention) and the moments before and after the last; the rest is a random sample.
    """
    after = [crossing for crossing in crossings if crossing.startswith("after ")]
    core = {*after[:1], *crossings[-2:]}
    return sampled(crossings, core.__contains__, at_random)


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

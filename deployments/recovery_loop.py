"""Recovery that needs no luck: `python -m deployments.recovery_loop` runs beside the worker.

Every few seconds it looks in the journal for open operations whose run is gone, and recovers them
in a process of its own (`python -m deployments.recover`). It needs the store and Prefect's API,
and neither Prefect's events nor its scheduler nor a free place at a worker.

It sends the events and deletes the blocks that a killed process has left
(`skyclust.orchestration.deferred_work`), and keeps housekeeping from piling up while no
worker takes it (`skyclust.orchestration.superseded_runs`). Its last state is in `recovery.json`
in the home folder.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prefect.settings import PREFECT_API_URL

from deployments.automations import RECOVERY
from skyclust.embedded.prefect_api import ask
from skyclust.embedded.recovery_state import RecoveryState, write_recovery_state
from skyclust.embedded.run_obstacles import paused
from skyclust.errors import NotFound, SkyClustError
from skyclust.file_modes import keep_files_private, make_private_folder
from skyclust.model.operation import Operation
from skyclust.orchestration.deferred_work import do_deferred_work
from skyclust.orchestration.lost_runs import LostRuns
from skyclust.orchestration.superseded_runs import supersede_backlog
from skyclust.settings import load_settings
from skyclust.store.engine import open_store

if TYPE_CHECKING:
    from types import FrameType

LOOK_SECONDS: Final = 10.0
MOST_RECOVERIES: Final = 4
"""Recoveries at once. Each carries on all that it finds; one more is needed while the others wait
for machines."""

STOP_SECONDS: Final = 8.0
"""How long recoveries may take to end when the loop is ended."""

RECOVER: Final = (sys.executable, "-m", "deployments.recover")

_log: Final = logging.getLogger("skyclust.recovery")


class RecoveryLoop:
    """Checks, recovers and reports its state, until it is stopped."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._store = open_store()
        self._lost_runs = LostRuns(self._store)
        self._recoveries: list[subprocess.Popen[bytes]] = []
        self._ended = threading.Event()

    def run(self) -> None:
        """Look every few seconds until `end` is called; then end the recoveries and return."""
        while True:
            problems = self.look(time.monotonic())
            write_recovery_state(self._home, RecoveryState.now(problems))
            if self._ended.wait(LOOK_SECONDS):
                break
        self._end_recoveries()

    def end(self) -> None:
        """Let `run` return."""
        self._ended.set()

    def look(self, seconds: float) -> list[str]:
        """Do what has to be done now and return a sentence for each thing that could not be."""
        self._recoveries = [one for one in self._recoveries if one.poll() is None]
        actions = (self._collapse, lambda: self._recover(seconds), self._finish)
        problems = [problem for action in actions for problem in _each(action)]
        for problem in problems:
            _log.warning("%s", problem)
        return problems

    def _collapse(self) -> list[str]:
        dropped = supersede_backlog()
        if dropped:
            _log.info(
                "%d runs of housekeeping that waited were dropped: one stands for all.", dropped
            )
        return []

    def _finish(self) -> list[str]:
        do_deferred_work(self._store)
        return []

    def _recover(self, seconds: float) -> list[str]:
        lost = self._lost_runs.look(seconds)
        if not lost:
            return []
        waiting = f"{len(lost)} operations wait for their recovery."
        stopped = _paused()
        if stopped:
            return [f"{waiting} {' '.join(stopped)}"]
        if len(self._recoveries) >= MOST_RECOVERIES:
            return [f"{waiting} {MOST_RECOVERIES} recoveries are at work already."]
        _log.info("Recovering %s.", _named(lost))
        self._recoveries.append(subprocess.Popen(RECOVER, stdin=subprocess.DEVNULL))  # noqa: S603
        self._lost_runs.recovery_requested(lost, seconds)
        return []

    def _end_recoveries(self) -> None:
        for one in self._recoveries:
            one.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for one in self._recoveries:
            with suppress(subprocess.TimeoutExpired):
                one.wait(max(0.0, deadline - time.monotonic()))
            one.kill()
            one.wait()


def _each(action: Callable[[], list[str]]) -> list[str]:
    """Return what an action says, or what kept it from its end: the next look tries again."""
    try:
        return action()
    except SkyClustError as error:
        return [str(error)]
    except Exception as error:
        _log.exception("A look ended early.")
        return [f"{type(error).__name__}: {error}"]


def _paused() -> list[str]:
    """Return who keeps recovery from working: somebody paused its work pool or its queue."""
    api_url = PREFECT_API_URL.value() or ""
    try:
        found = ask(api_url, f"/deployments/name/{RECOVERY}")
    except NotFound:
        return []
    pool, queue = found.get("work_pool_name"), found.get("work_queue_name")
    return paused(api_url, pool, queue) if pool else []


def _named(lost: Sequence[Operation]) -> str:
    return ", ".join(
        f"{one.kind} of {one.subject_name or one.subject_id} ({one.id})" for one in lost
    )


def main() -> int:
    """Run the loop until SIGTERM or SIGINT; return 0."""
    keep_files_private()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    home = load_settings().home.absolute()
    make_private_folder(home)
    loop = RecoveryLoop(home)

    def end(number: int, frame: FrameType | None) -> None:
        loop.end()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())

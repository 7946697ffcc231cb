"""Why a run that was triggered does not begin, said while somebody waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from skyclust.cli.output import say
from skyclust.errors import SkyClustError

if TYPE_CHECKING:
    from skyclust.orchestration.runs import RunUpdate

LOOK_SECONDS: Final = 1.5
"""Between two looks: what keeps a run waiting is named within two seconds."""

LATE_AFTER: Final = timedelta(seconds=30)
"""A worker takes a run within a second or two, and starts its process within some more."""

NOT_BEGUN: Final = frozenset({"SCHEDULED", "PENDING"})

Look = Callable[[], list[str]]


class Waiting:
    """Says why a run does not begin, each reason once."""

    def __init__(self, look: Look, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._look = look
        self._clock = clock
        self._look_at = 0.0
        self._said: set[str] = set()

    def explain(self, update: RunUpdate) -> None:
        """Look at what is in the run's way and say what is new; a look that fails says nothing."""
        if update.state_type not in NOT_BEGUN or self._clock() < self._look_at:
            return
        self._look_at = self._clock() + LOOK_SECONDS
        try:
            # A run that a worker has taken waits for its process alone.
            sentences = self._look() if update.state_type == "SCHEDULED" else []
        except SkyClustError:
            return
        for sentence in sentences or late(update, datetime.now(UTC)):
            if sentence not in self._said:
                say(f"The run waits. {sentence}", style="yellow")
            self._said.add(sentence)


def obstacles_of(api_url: str, deployment: str) -> Look:
    """Return the look at what is in the way of runs of a deployment (`flow/deployment`)."""
    from skyclust.embedded import run_obstacles
    from skyclust.settings import load_settings

    home = load_settings().home.absolute()
    return lambda: [
        *run_obstacles.worker_that_ended(home, api_url),
        *run_obstacles.obstacles(api_url, deployment),
    ]


def late(update: RunUpdate, now: datetime) -> list[str]:
    """Return that a run is late for no reason that is known here, and where to look for one."""
    if update.due_at is None or now - update.due_at < LATE_AFTER:
        return []
    if update.state_type == "PENDING":
        return [
            "A worker took it and has not begun it yet: the computer is busy, or the log of the"
            " worker says what went wrong. `skyclust status` shows where it is."
        ]
    return [
        "It is late, and nothing is paused: the workers are busy, or their log says what went"
        " wrong. `skyclust status` shows where it is."
    ]

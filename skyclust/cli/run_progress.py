"""What a person sees while a flow run is followed: how far it is, in percent, words and seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from skyclust.cli.output import printable, say, stderr

if TYPE_CHECKING:
    from rich.console import Console

    from skyclust.orchestration.runs import RunUpdate

LINE_SECONDS: Final = 5.0
"""Between two lines of one state, without a terminal: a log of an hour stays readable."""

SILENT_SECONDS: Final = 30.0
"""Without a terminal a line says at the latest after so long that the run is still at work."""


class RunProgress:
    """A bar on a terminal; elsewhere a line for each new state and each noticeable step.

    `clock` returns seconds and `now` the time; `console` is standard error by default.
    """

    def __init__(
        self,
        summary: str,
        *,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._summary = printable(summary)
        self._clock = clock
        self._now = now
        self._begun = clock()
        self._on_time = False
        self._said_at = 0.0
        self._said: tuple[str, str] = ("", "")
        console = console or stderr()
        self._on_terminal = console.is_terminal
        self.bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[words]}", markup=False),
            console=console,
            transient=True,
            disable=not self._on_terminal,
        )
        self._task: TaskID = self.bar.add_task(self._summary, total=None, words="")

    def update(self, update: RunUpdate) -> None:
        """Show how far the run is; meant to be called at each look, changed or not."""
        self._keep_time(update)
        state, words = printable(update.state_name), self._words(update)
        seconds = f"{self._clock() - self._begun:.0f} s"
        if self._on_terminal:
            known = update.progress is not None
            self.bar.update(
                self._task,
                description=f"{self._summary}: {state}",
                total=100 if known else None,
                completed=update.progress.percent if update.progress is not None else 0,
                words=", ".join(filter(None, [words, seconds])),
            )
        elif self._is_worth_a_line(state, words):
            say(", ".join(filter(None, [f"{self._summary}: {state}", words, seconds])))
            self._said, self._said_at = (state, words), self._clock()

    def _keep_time(self, update: RunUpdate) -> None:
        """Count from the trigger, also of a run that was triggered by another command."""
        if not self._on_time and update.created_at is not None:
            # The clock of a server elsewhere may be ahead of ours.
            self._begun -= max(0.0, (self._now() - update.created_at).total_seconds())
            self._on_time = True

    def _words(self, update: RunUpdate) -> str:
        if update.progress is None:
            return ""
        words = printable(update.progress.words)
        return ", ".join(filter(None, [f"{update.progress.percent:.0f} %", words]))

    def _is_worth_a_line(self, state: str, words: str) -> bool:
        silent = self._clock() - self._said_at
        if state != self._said[0]:
            return True
        return silent >= (LINE_SECONDS if words != self._said[1] else SILENT_SECONDS)

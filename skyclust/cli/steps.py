"""What a person sees while a command works for some seconds: its step in words, and its seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.text import Text

from skyclust.cli.output import printable, stderr

if TYPE_CHECKING:
    from rich.console import Console

STILL_SECONDS: Final = 10.0
"""Without a terminal a step that lasts is said again after so long, with its seconds."""

WORTH_SECONDS: Final = 0.1
"""A step that took less has no seconds behind it."""


class Steps:
    """The steps of a command on stderr, each begun by a call: `steps("Starting the worker")`.

    A terminal shows a spinner and the seconds of the step, and keeps a line of each that is done.
    Elsewhere there is a line when a step begins, with the seconds since the command began, and one
    every STILL_SECONDS while it lasts. To be used as a context manager.
    """

    def __init__(
        self, *, console: Console | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console or stderr()
        self._clock = clock
        self._begun = self._step_begun = clock()
        self._step = ""
        self._said_at = 0.0
        self._ended = threading.Event()
        self._spinner = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TextColumn("{task.elapsed:.0f} s"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._spinner.start()
        if not self._console.is_terminal:
            threading.Thread(target=self._repeat, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._finish(failed=error is not None)
        self._spinner.stop()

    @property
    def seconds(self) -> float:
        """Return how long the command has lasted."""
        return self._clock() - self._begun

    def __call__(self, step: str) -> None:
        """End the step before this one, and begin this one."""
        self._finish()
        self._step, self._step_begun = printable(step), self._clock()
        if self._console.is_terminal:
            self._spinner.add_task(self._step, total=None)
        else:
            self._say(self._step)

    def _finish(self, *, failed: bool = False) -> None:
        if not self._step or not self._console.is_terminal:
            self._step = ""
            return
        for task in self._spinner.task_ids:
            self._spinner.remove_task(task)
        lasted = self._clock() - self._step_begun
        mark = "✗" if failed else "✓"
        seconds = f"  {lasted:.1f} s" if lasted >= WORTH_SECONDS else ""
        self._print(f"{mark} {self._step}{seconds}", style="red" if failed else "dim")
        self._step = ""

    def _print(self, line: str, *, style: str = "") -> None:
        # By the console of the spinner: it is drawn anew below the line.
        self._console.print(Text(line, style=style), soft_wrap=True)

    def _say(self, line: str) -> None:
        self._print(f"[{self.seconds:.1f} s] {line}")
        self._said_at = self._clock()

    def _repeat(self) -> None:
        """Say every few seconds that a step lasts, until all have ended."""
        while not self._ended.wait(1.0):
            if self._step and self._clock() - self._said_at >= STILL_SECONDS:
                self._say(f"{self._step}: still at work")

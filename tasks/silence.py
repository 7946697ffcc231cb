"""Asking a cloud that may not answer: it is waited for as long as it says anything at all.

An SDK waits for each call, and tries it again, for far longer than the others can wait for a
cloud that is dead. So a cloud is asked in a thread of its own, which is left behind once the
cloud has been silent for too long, and a task that has given a place up is not tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final, TypeVar

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun

from skyclust.errors import SkyClustError, Timeout, Unavailable
from skyclust.settings import load_settings
from tasks.retries import on_transient

Told = TypeVar("Told")

SILENT: Final = "silent"
"""Code of the Timeout of a place that was given up."""


class Watch:
    """What is seen of a task while it asks a place: when it last heard of it, how far it is.

    One object for all attempts of the task, so that a silence lasts over them.
    """

    def __init__(self) -> None:
        self.settled = 0
        self._heard_at: float | None = None
        self._patience = load_settings().silence_seconds

    def begin(self) -> None:
        """Count from now on, unless the place is silent since an earlier attempt."""
        if self._heard_at is None:
            self.heard()

    def heard(self) -> None:
        """Note that the place has answered."""
        self._heard_at = time.monotonic()

    def failed(self, error: SkyClustError) -> None:
        """Note an error: most are answers, those of a broken connection are none."""
        if _is_answer(error):
            self.heard()

    def pause(self, error: SkyClustError) -> None:
        """Note that an attempt ends with an error: the pause that an answer asks for is none
        of the place's silence.
        """
        if _is_answer(error):
            self._heard_at = None

    def left(self) -> float:
        """Return for how many seconds more the place may be silent; 0 when it is given up."""
        silent = time.monotonic() - (self._heard_at or time.monotonic())
        return max(self._patience - silent, 0.0)

    @property
    def over(self) -> bool:
        """Return whether the place has been silent for too long."""
        return self.left() <= 0

    def given_up(self, what: str) -> Timeout:
        """Return the error of a place that was silent for too long."""
        return Timeout(
            f"{what} gave no answer for {self._patience:.0f} s.",
            hint="The others were not kept waiting; SKYCLUST_SILENCE_SECONDS sets for how long.",
            code=SILENT,
        )


def _is_answer(error: SkyClustError) -> bool:
    return not isinstance(error, (Timeout, Unavailable))


@dataclass(frozen=True)
class _End:
    """The thread's last word, with the error that ended it."""

    error: BaseException | None


def hear(ask: Callable[[Callable[[Told], None]], None], watch: Watch, what: str) -> Iterator[Told]:
    """Yield what `ask` tells, as it tells it; `ask` runs in a thread of its own.

    Raises what `ask` raises, and Timeout with the code SILENT when nothing was heard for too
    long. The thread is left to itself then: it ends when its call does, and is not heard.
    """
    watch.begin()
    told: SimpleQueue[Told | _End] = SimpleQueue()

    def run() -> None:
        try:
            ask(told.put)
        except BaseException as error:  # it belongs to who listens
            told.put(_End(error))
        else:
            told.put(_End(None))

    Thread(target=copy_context().run, args=(run,), name=f"ask {what}", daemon=True).start()
    while True:
        try:
            one = told.get(timeout=watch.left())
        except Empty:
            if not watch.over:
                continue
            raise watch.given_up(what) from None
        if not isinstance(one, _End):
            yield one
            continue
        if isinstance(one.error, SkyClustError):
            watch.pause(one.error)
        if one.error is not None:
            raise one.error
        return


def while_it_answers(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Return whether a task is tried again: as `on_transient`, but a silent place is not."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, Timeout) and error.code == SILENT:
        return False
    return on_transient(task, run, state)

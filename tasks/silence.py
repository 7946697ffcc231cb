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
from threading import Lock, Thread
from typing import Any, Final, TypeVar

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun

from skyclust.errors import SkyClustError, Timeout, Unavailable
from skyclust.settings import load_settings
from tasks.retries import on_transient

Told = TypeVar("Told")

SILENT: Final = "silent"
"""Code of the Timeout of a place that was given up."""

QUIET_SHARE: Final = 0.1
"""Of the silence that a place is given up for: after that much it keeps no other waiting."""


class Clock:
    """How long nothing was heard of an account, whichever of its places was asked.

    It stands still while none is, and once the account was given up until it answers.
    """

    def __init__(self) -> None:
        self.patience = load_settings().silence_seconds
        self._heard_at = time.monotonic()
        self._asked = 0
        self._given_up = False
        self._lock = Lock()

    def ask(self) -> None:
        """Note that one of its places is asked from now on."""
        with self._lock:
            if self._asked == 0 and not self._given_up:
                self._heard_at = time.monotonic()
            self._asked += 1

    def rest(self) -> None:
        """Note that one of its places is not asked any more."""
        with self._lock:
            self._asked -= 1

    def heard(self) -> None:
        """Note that the account has answered."""
        self._heard_at = time.monotonic()
        self._given_up = False

    def give_up(self) -> None:
        """Note that the account was waited for long enough."""
        self._given_up = True

    def left(self) -> float:
        """Return for how many seconds more the account may be silent."""
        return self._heard_at + self.patience - time.monotonic()

    @property
    def over(self) -> bool:
        """Return whether the account has been silent for too long."""
        return self.left() <= 0


class Watch:
    """What is seen of a task while it asks a place: when it last heard of it, how far it is.

    One object for all attempts of the task, so that a silence lasts over them. What it hears
    of the place is heard of the account too, and a place is given up with its account.
    """

    def __init__(self, account: Clock | None = None) -> None:
        self.settled = 0
        self._account = account or Clock()
        self._heard_at: float | None = None
        self._paused = False

    def begin(self) -> None:
        """Count from now on, unless the place is silent since an earlier attempt."""
        if self._paused:
            self.heard()
        elif self._heard_at is None:
            self._heard_at = time.monotonic()
            self._account.ask()

    def end(self) -> None:
        """Note that no attempt follows any more."""
        if self._heard_at is not None:
            self._account.rest()

    def heard(self) -> None:
        """Note that the place has answered."""
        self._paused = False
        self._heard_at = time.monotonic()
        self._account.heard()

    def failed(self, error: SkyClustError) -> None:
        """Note an error: most are answers, those of a broken connection are none."""
        if is_answer(error):
            self.heard()

    def pause(self, error: SkyClustError) -> None:
        """Note that an attempt ends with an error: the pause that an answer asks for is none
        of the place's silence.
        """
        if is_answer(error):
            self.heard()
            self._paused = True

    def left(self) -> float:
        """Return for how many seconds more the place may be silent; 0 when it is given up."""
        if self._paused or self._heard_at is None:
            return self._account.patience
        of_its_own = self._heard_at + self._account.patience - time.monotonic()
        return max(min(of_its_own, self._account.left()), 0.0)

    @property
    def over(self) -> bool:
        """Return whether the place has been silent for too long."""
        return self.left() <= 0

    @property
    def quiet(self) -> bool:
        """Return whether the place has been silent for long enough to let another go first."""
        return self.left() < self._account.patience * (1 - QUIET_SHARE)

    def given_up(self, what: str) -> Timeout:
        """Return the error of a place that was silent for too long."""
        return Timeout(
            f"{what} gave no answer for {self._account.patience:.0f} s.",
            hint="The others were not kept waiting; SKYCLUST_SILENCE_SECONDS sets for how long.",
            code=SILENT,
        )


def is_answer(error: SkyClustError) -> bool:
    """Return whether an error shows that the cloud is there: not of a broken connection."""
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

"""The liveness of reads: a cloud is waited for as long as it answers at all.

An SDK waits for each call, and retries it, for much longer than other reads can wait for a
cloud that does not answer. So a cloud is called in a thread of its own, which is abandoned
once the cloud has not answered for too long.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Final, TypeVar

from skyclust.errors import SkyClustError, Timeout, Unavailable
from skyclust.settings import load_settings

Result = TypeVar("Result")

NO_ANSWER: Final = "no-answer"
"""Code of the Timeout of a read that was abandoned."""

SLOW_SHARE: Final = 0.1
"""Share of the time limit after which a read without answer no longer occupies a worker."""


class ServiceLiveness:
    """For how long a service of a credential has not answered, in any of its regions.

    The time stands still while none of its regions is read, and, once the service was given up,
    until it answers.
    """

    def __init__(self) -> None:
        self.limit_seconds = load_settings().silence_seconds
        self._answered_at = time.monotonic()
        self._reads = 0
        self._given_up = False
        self._lock = Lock()

    def begin_read(self) -> None:
        """Note that one more read of the service has begun."""
        with self._lock:
            if self._reads == 0 and not self._given_up:
                self._answered_at = time.monotonic()
            self._reads += 1

    def end_read(self) -> None:
        """Note that a read of the service has ended."""
        with self._lock:
            self._reads -= 1

    def answered(self) -> None:
        """Note that the service has answered."""
        self._answered_at = time.monotonic()
        self._given_up = False

    def give_up(self) -> None:
        """Note that the service is not waited for any longer."""
        self._given_up = True

    def seconds_left(self) -> float:
        """Return for how many more seconds the service may not answer."""
        return self._answered_at + self.limit_seconds - time.monotonic()

    @property
    def expired(self) -> bool:
        """Return whether the service has not answered for too long."""
        return self.seconds_left() <= 0


class ReadLiveness:
    """For how long a read has had no answer, and how many scopes it has settled.

    One object serves all attempts of the task that reads, so that the time counts over them. An
    answer to the read is an answer of its service too, and a read is given up with its service.
    """

    def __init__(self, service: ServiceLiveness | None = None) -> None:
        self.settled = 0
        self._service = service or ServiceLiveness()
        self._answered_at: float | None = None
        self._paused = False

    def begin(self) -> None:
        """Count from now on, unless an earlier attempt had no answer."""
        if self._paused:
            self.answered()
        elif self._answered_at is None:
            self._answered_at = time.monotonic()
            self._service.begin_read()

    def end(self) -> None:
        """Note that no further attempt follows."""
        if self._answered_at is not None:
            self._service.end_read()

    def answered(self) -> None:
        """Note that the cloud has answered."""
        self._paused = False
        self._answered_at = time.monotonic()
        self._service.answered()

    def failed(self, error: SkyClustError) -> None:
        """Note an error: most are answers, those of a broken connection are not."""
        if is_answer(error):
            self.answered()

    def pause(self, error: SkyClustError) -> None:
        """Note that an attempt ends with an error.

        The pause that an answer such as `Throttled` requires does not count.
        """
        if is_answer(error):
            self.answered()
            self._paused = True

    def seconds_left(self) -> float:
        """Return for how many more seconds the read may have no answer; 0 when given up."""
        if self._paused or self._answered_at is None:
            return self._service.limit_seconds
        of_its_own = self._answered_at + self._service.limit_seconds - time.monotonic()
        return max(min(of_its_own, self._service.seconds_left()), 0.0)

    @property
    def expired(self) -> bool:
        """Return whether the read has had no answer for too long."""
        return self.seconds_left() <= 0

    @property
    def slow(self) -> bool:
        """Return whether the read has had no answer for so long that another may begin."""
        return self.seconds_left() < self._service.limit_seconds * (1 - SLOW_SHARE)

    def timeout(self, what: str) -> Timeout:
        """Return the error of a read that had no answer for too long."""
        return Timeout(
            f"{what} gave no answer for {self._service.limit_seconds:.0f} s.",
            hint="Other reads did not wait for it; SKYCLUST_SILENCE_SECONDS sets the limit.",
            code=NO_ANSWER,
        )


def is_answer(error: SkyClustError) -> bool:
    """Return whether an error shows that the cloud answers: not that of a broken connection."""
    return not isinstance(error, (Timeout, Unavailable))


@dataclass(frozen=True)
class _End:
    """The end of the thread, with the error that ended it."""

    error: BaseException | None


def results_while_alive(
    call: Callable[[Callable[[Result], None]], None], liveness: ReadLiveness, what: str
) -> Iterator[Result]:
    """Yield each result that `call` passes on; `call` runs in a thread of its own.

    Raises what `call` raises, and Timeout with the code NO_ANSWER when there was no answer for
    too long. The thread is abandoned then: it ends when its call does, without effect.
    """
    liveness.begin()
    results: SimpleQueue[Result | _End] = SimpleQueue()

    def run() -> None:
        try:
            call(results.put)
        except BaseException as error:  # raised in the caller's thread
            results.put(_End(error))
        else:
            results.put(_End(None))

    Thread(target=copy_context().run, args=(run,), name=f"read {what}", daemon=True).start()
    while True:
        try:
            result = results.get(timeout=liveness.seconds_left())
        except Empty:
            if not liveness.expired:
                continue
            raise liveness.timeout(what) from None
        if not isinstance(result, _End):
            yield result
            continue
        if isinstance(result.error, SkyClustError):
            liveness.pause(result.error)
        if result.error is not None:
            raise result.error
        return

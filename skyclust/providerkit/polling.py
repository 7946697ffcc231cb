"""Polling a cloud within one call: at once, then after pauses that grow, up to a time-out."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Final

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 2.0
PAUSE_FACTOR: Final = 1.5
"""The first pause is short, for a change that the cloud makes at once; a change that takes a
minute is polled every two seconds, which no cloud's rate limit notices."""


def growing_delays(
    first: float = FIRST_PAUSE_SECONDS,
    longest: float = LONGEST_PAUSE_SECONDS,
    factor: float = PAUSE_FACTOR,
) -> Iterator[float]:
    """Yield seconds without end: the first delay, then each the factor longer, up to a longest."""
    delay = first
    while True:
        yield min(delay, longest)
        delay = min(delay * factor, longest)


def polls(
    seconds: float,
    *,
    first: float = FIRST_PAUSE_SECONDS,
    longest: float = LONGEST_PAUSE_SECONDS,
    factor: float = PAUSE_FACTOR,
) -> Iterator[int]:
    """Yield 0 at once, then 1, 2, ... after a growing pause each, until the seconds are over.

    The loop's `else` is the time-out:

        for _ in polls(WAIT_SECONDS):
            if is_done(operation := get_operation(...)):
                return operation
        else:
            raise Timeout(...)

    Never sleeps beyond the end: instead of a pause that would last longer, the loop ends.
    """
    end = time.monotonic() + seconds
    delays = growing_delays(first, longest, factor)
    for number in itertools.count():
        yield number
        delay = next(delays)
        if time.monotonic() + delay > end:
            return
        time.sleep(delay)

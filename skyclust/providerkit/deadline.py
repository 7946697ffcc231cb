"""A deadline for all calls of a thread together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_deadline: Final[ContextVar[float | None]] = ContextVar("deadline", default=None)


@contextmanager
def call_deadline(seconds: float) -> Iterator[None]:
    """Limit all answers that are read inside to these seconds together.

    Holds for this thread. An answer that is not complete by then raises Timeout, and so does each
    later call. An earlier deadline of an outer block stays.
    """
    own = time.monotonic() + seconds
    outer = _deadline.get()
    token = _deadline.set(own if outer is None else min(own, outer))
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left() -> float:
    """Return the seconds until the deadline, at least 0; infinity without a deadline."""
    deadline = _deadline.get()
    return float("inf") if deadline is None else max(0.0, deadline - time.monotonic())

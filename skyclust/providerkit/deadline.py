"""One moment by which all calls that are made for somebody who waits have ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_deadline: Final[ContextVar[float | None]] = ContextVar("deadline", default=None)


@contextmanager
def call_deadline(seconds: float) -> Iterator[None]:
    """Let every answer that is read inside end within these seconds, all of them together.

    Holds for this thread. An answer that is not whole by then raises Timeout, and so does each
    that begins later. An earlier deadline around it stays.
    """
    own = time.monotonic() + seconds
    outer = _deadline.get()
    token = _deadline.set(own if outer is None else min(own, outer))
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left() -> float:
    """Return the seconds until the deadline, not below 0; infinite when there is none."""
    deadline = _deadline.get()
    return float("inf") if deadline is None else max(0.0, deadline - time.monotonic())

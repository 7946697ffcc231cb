"""What holds for a write transaction: nothing else is called in it, and it may be repeated.

Whoever waits for a network while holding the locks of a transaction makes every other writer
wait for that network. So a process knows when it is inside one, and clients ask.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from skyclust.errors import Conflict

TRIES: Final = 5
"""How often a transaction is tried that other writers break off."""

REPEATED_FOR: Final = 60.0
"""Seconds after which no further try begins: one that waited for a lock has waited long enough."""

PAUSE_SECONDS: Final = 0.05
"""Twice that before the second try at most, and twice as long before each further one."""

# The database has taken the transaction back as a whole when it answers with one of these.
# https://www.postgresql.org/docs/15/errcodes-appendix.html: serialization_failure,
# deadlock_detected, lock_not_available; https://www.sqlite.org/rescode.html
_TAKEN_BACK: Final = ("40001", "40P01", "55P03", "SQLITE_BUSY", "SQLITE_LOCKED")

_writing: Final[ContextVar[bool]] = ContextVar("skyclust_writing", default=False)


@contextmanager
def write_transaction() -> Iterator[None]:
    """Mark that this thread, and those that copy its context, are inside a write transaction."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def refuse_inside_write(what: str) -> None:
    """Raise RuntimeError inside a write transaction: `what` waits for a network, and all would.

    It is a fault of the caller, found the first time that its path is run.
    """
    if _writing.get():
        raise RuntimeError(f"{what} was called inside a write transaction of the store.")


def require_inside_write(what: str) -> None:
    """Raise RuntimeError outside a write transaction, which `what` needs to have an effect."""
    if not _writing.get():
        raise RuntimeError(f"{what} was taken outside a write transaction of the store.")


def is_taken_back(error: Conflict) -> bool:
    """Return whether an error says that nothing of the transaction happened, and it may again."""
    return not error.provider and error.code.startswith(_TAKEN_BACK)


def pause_after(tried: int) -> float:
    """Return for how many seconds to pause after so many tries: longer each time, by chance."""
    longest = PAUSE_SECONDS * 2.0**tried
    return random.uniform(longest / 2, longest)  # noqa: S311  no secret

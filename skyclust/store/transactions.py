"""Rules of a write transaction: no network call inside it, and it may be repeated.

A network call inside a write transaction would make every other writer wait for that network. So
a process knows when it is inside a write transaction, and clients check it before they call.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from skyclust.errors import Conflict

TRIES: Final = 5
"""How often a transaction is tried that the database rolls back because of other writers."""

REPEATED_FOR: Final = 60.0
"""Seconds after which no further try begins: each try may wait for a lock as well."""

PAUSE_SECONDS: Final = 0.05
"""Half of the longest pause before the second try; it doubles before each further try."""

# Codes with which the database has rolled back the whole transaction.
# https://www.postgresql.org/docs/15/errcodes-appendix.html: serialization_failure,
# deadlock_detected, lock_not_available; https://www.sqlite.org/rescode.html
_ROLLED_BACK: Final = ("40001", "40P01", "55P03", "SQLITE_BUSY", "SQLITE_LOCKED")

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
    """Raise RuntimeError inside a write transaction, where `what` would wait for a network.

    It is a fault of the caller, which the first test of its path finds.
    """
    if _writing.get():
        raise RuntimeError(f"{what} was called inside a write transaction of the store.")


def require_inside_write(what: str) -> None:
    """Raise RuntimeError outside a write transaction, which `what` needs to have an effect."""
    if not _writing.get():
        raise RuntimeError(f"{what} was taken outside a write transaction of the store.")


def is_rolled_back(error: Conflict) -> bool:
    """Return whether the database rolled back the transaction, so that it may be repeated."""
    return not error.provider and error.code.startswith(_ROLLED_BACK)


def pause_after(tried: int) -> float:
    """Return the seconds to pause after so many tries: longer each time, and random."""
    longest = PAUSE_SECONDS * 2.0**tried
    return random.uniform(longest / 2, longest)  # noqa: S311  no secret

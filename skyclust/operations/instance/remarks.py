"""Remarks: what a step of a successful operation has to say to the person who requested it.

They are lines of the operation's history, and part of its run's message: an operation that changed
nothing has succeeded, and must not read as if it had changed something.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from skyclust.model.operation import Operation, OperationEntry

_NOTHING_CHANGED: Final = "Nothing was changed: "


def nothing_changed(reason: str) -> str:
    """Return the detail of a step that had nothing to do; the reason is a sentence."""
    return f"{_NOTHING_CHANGED}{reason}"


def remarks(entries: Sequence[OperationEntry]) -> list[str]:
    """Return the remarks of an operation's history, in order."""
    return [entry.detail for entry in entries if entry.detail.startswith(_NOTHING_CHANGED)]


def is_first_attempt(operation: Operation) -> bool:
    """Return whether no earlier attempt of the present step may have reached the cloud.

    Later, what a step has to do may be done by a request whose reply was lost.
    """
    return operation.attempts <= 1

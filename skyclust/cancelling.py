"""What a cancel makes of an operation: a table beside the paths.

What was not begun is not begun, what was begun is undone, and what can only be carried to its
end is carried there: no machine that ran is left stopped, and none is left with disks of two
moments. Every function here is pure; the living run and the recovery obey them alike.

    any kind    journalled: ends as cancelled
    create      accepted, ready: undoing. At requested the machine may exist: its token is used
                once more, which finds it or makes it, and then it is undone
    snapshot    as create
    resize      resizing or stopping, and not begun: cancelled; stopped: restoring; else carried on
    restore     as resize, where no disk can have been touched; else carried on
    others      at requested, where nobody knows whether the cloud was reached, it is looked for;
                without a trace: cancelled. From accepted on they are awaited
"""

from __future__ import annotations

from typing import Final

from skyclust.errors import Cancelled
from skyclust.model.operation import Operation, OperationKind
from skyclust.paths import Action, Position, Step

_UNDONE_FROM: Final = {
    OperationKind.CREATE: frozenset({Position.ACCEPTED, Position.READY}),
    OperationKind.SNAPSHOT: frozenset({Position.ACCEPTED}),
}

_CHANGES_IN_STEPS: Final = frozenset({OperationKind.RESIZE, OperationKind.RESTORE})

_FIRST_CHANGES: Final = frozenset({Position.RESIZING, Position.REVERTING, Position.STOPPING})
"""Lines before the first call that changes anything; `attempts` tells whether it was begun."""

_ARRIVAL_SHOWS: Final = frozenset(
    {
        OperationKind.START,
        OperationKind.STOP,
        OperationKind.DELETE,
        OperationKind.DELETE_SNAPSHOT,
        OperationKind.ATTACH_DISK,
        OperationKind.DETACH_DISK,
    }
)
"""Kinds whose request, once it reached the cloud, can be seen there. Asking again would do what
is not wanted any more. Tags are set once more instead: half of them would be no end."""


def after_cancel(operation: Operation) -> Position | None:
    """Return the line to write because an operation was cancelled; None carries it on."""
    if not operation.cancelled or not operation.state.carried_on:
        return None
    position = Position(operation.step) if operation.step in set(Position) else None
    if position is Position.JOURNALLED:
        return Position.CANCELLED
    if position is None or operation.cancel_keep:
        return None
    if position in _UNDONE_FROM.get(operation.kind, ()):
        return Position.UNDOING
    if operation.kind in _CHANGES_IN_STEPS:
        return _after_cancel_in_steps(operation, position)
    return None


def _after_cancel_in_steps(operation: Operation, position: Position) -> Position | None:
    untried = operation.attempts == 0
    if position in _FIRST_CHANGES and untried:
        return Position.CANCELLED
    # A machine that is being stopped is started again once it is off. A restore that may have
    # touched a disk goes on.
    if position is Position.STOPPED and (untried or operation.kind is OperationKind.RESIZE):
        return Position.RESTORING
    return None


def arrival_check(operation: Operation) -> Step | None:
    """Return the step that looks whether a cancelled request reached the cloud, if one is due."""
    asked = operation.step in {Position.REQUESTED, Position.UNCERTAIN}
    wanted_undone = operation.cancelled and not operation.cancel_keep
    if asked and wanted_undone and operation.kind in _ARRIVAL_SHOWS:
        return Step(Action.CHECK_ARRIVAL, Position.ACCEPTED)
    return None


def cancel_error(operation: Operation, *, found: str = "") -> Cancelled:
    """Return why a cancelled operation turns back where it stands; `found` is what was seen."""
    when = " before the cloud was called" if operation.step == Position.JOURNALLED else ""
    seen = f" {found}" if found else ""
    return Cancelled(f"Cancelled by {operation.cancel_requested_by}{when}.{seen}")

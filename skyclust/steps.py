"""What an operation does next: the journal is the program counter.

Every function here is pure. `next_step` reads the last line of an operation's journal and
says what to do; the flow that was asked, a retry of it and the recovery all obey it, so any
of them can carry on what another began. `after_error` says what to write when a step could
not be done. The paths stand in `skyclust.paths`.

An operation found at `requested` may or may not have reached the cloud. Creating a machine
or a snapshot is repeated then, for the token makes it one; starting, stopping, deleting,
attaching, detaching and tagging are repeated, for doing them twice is doing them once. A
reboot is not repeated: it is done at most once, and an operation that cannot know ends as
failed and says so, for a machine rebooted twice hurts its users while a second request costs
a click.
"""

from __future__ import annotations

from typing import Final

from skyclust.cancelling import arrival_check
from skyclust.errors import (
    AuthenticationFailed,
    ConfigurationError,
    Conflict,
    Fenced,
    InternalError,
    PermissionDenied,
    SkyClustError,
    Throttled,
    Transient,
)
from skyclust.model.operation import Operation, OperationKind
from skyclust.paths import NEVER_GIVEN_UP, RETREAT, STEPS, Action, Position, Step

__all__ = ["Action", "Position", "Step", "after_attempt", "after_error", "next_step"]

# These speak about us, not about the machine: someone can mend them, and then the path goes on.
_ABOUT_US: Final = (AuthenticationFailed, PermissionDenied, ConfigurationError, InternalError)

# Here a machine that ran is off because of us: giving up while it is busy would leave it so.
_OWES_A_START: Final = frozenset(
    {
        Position.RESIZED,
        Position.REVERTED,
        Position.STARTING,
        Position.RESTORING,
        Position.RESTARTING,
    }
)


def next_step(operation: Operation) -> Step | None:
    """Return what to do next, or None when the operation is at its end.

    Raises ConfigurationError for a line that this version does not know, which a newer one
    may have written.
    """
    if operation.state.final:
        return None
    check = arrival_check(operation)
    if check is not None:
        return check
    try:
        return STEPS[operation.kind][Position(operation.step)]
    except (KeyError, ValueError) as error:
        raise ConfigurationError(
            f"Operation {operation.id} ({operation.kind}) stands at the unknown step"
            f" {operation.step!r}.",
            hint="Let the version of SkyClust that wrote it carry it on.",
        ) from error


def after_attempt(operation: Operation, error: Transient) -> Position | None:
    """Return the line to write before a step is tried again; None leaves it as it is."""
    if Position(operation.step) is not Position.REQUESTED:
        return None
    if not isinstance(error, (Throttled, Conflict)):
        return Position.UNCERTAIN
    # The cloud refused to look at the request: a reboot may be asked for again.
    return Position.JOURNALLED if operation.kind is OperationKind.REBOOT else None


def after_error(
    operation: Operation, error: SkyClustError, *, first_call: bool = False
) -> Position | None:
    """Return the line to write after a step failed for good; None leaves the operation open.

    `first_call` says that the cloud was called for this operation once, now, and answered
    with the error: then nothing happened, and the operation has failed. None means that the
    outcome cannot be known yet, or that a recovery shall try again.
    """
    if operation.step not in set(Position):  # a newer version wrote it
        return None
    position = Position(operation.step)
    if isinstance(error, Fenced) or _worth_waiting(operation, error):
        return None
    if position in NEVER_GIVEN_UP:
        return None
    # After a fault of our own nobody knows what the cloud was asked, not even at a first call.
    known = not isinstance(error, InternalError)
    if position is Position.JOURNALLED or (first_call and known):
        return Position.FAILED
    if isinstance(error, _ABOUT_US):
        return None
    return RETREAT.get(operation.kind, {}).get(position, Position.FAILED)


def _worth_waiting(operation: Operation, error: SkyClustError) -> bool:
    """Return whether a recovery shall try again after an error that outlasted the retries.

    Not when the cloud says that the machine is busy: a stop that nobody waits for any more
    must not strike hours later. A machine that we stopped is waited for. Only a cloud's own
    Conflict names its provider; the store's, which is busy as well at times, says nothing of
    the machine.
    """
    busy = isinstance(error, Conflict) and error.provider != ""
    waited_for = operation.kind is OperationKind.CREATE or operation.step in _OWES_A_START
    return isinstance(error, Transient) and (waited_for or not busy)

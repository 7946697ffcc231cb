"""What an operation does next: the journal is the program counter.

Every function here is pure. `next_step` reads the last position in an operation's journal and
returns the step that follows. The flow that was started, a retry of it and the recovery all use
it, so any of them can carry on what another began. `after_error` returns the position to write
when a step failed. Each subject has its own tables (`skyclust.operations.subjects`).

An operation found at `requested` may or may not have reached the cloud. A creation is repeated
then, because its token makes it one; starting, stopping, deleting, attaching, detaching and
tagging are repeated, because repeating them has no further effect. A reboot is not repeated: it
happens at most once, and an operation that cannot know ends as failed and says so, for an instance
that reboots twice hurts its users while a second request costs a click.
"""

from __future__ import annotations

from typing import Final

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
from skyclust.model.operation import Operation
from skyclust.operations.cancellation import arrival_step
from skyclust.operations.position import Position
from skyclust.operations.subjects import kind_of
from skyclust.operations.transitions import OperationKind, Step

# These errors are about this installation, not about the subject: a person can repair the cause,
# and then the operation goes on.
_ABOUT_US: Final = (AuthenticationFailed, PermissionDenied, ConfigurationError, InternalError)


def next_step(operation: Operation) -> Step | None:
    """Return the next step of an operation, or None when it has ended.

    Raises ConfigurationError for a position that this version does not know, which a newer
    version may have written.
    """
    if operation.state.final:
        return None
    kind = kind_of(operation)
    step = arrival_step(operation, kind) or kind.steps.get(operation.step)
    if step is None:
        raise ConfigurationError(
            f"Operation {operation.id} ({operation.kind}) is at the unknown step"
            f" {operation.step!r}.",
            hint="Let the version of SkyClust that wrote it carry it on.",
        )
    return step


def after_attempt(operation: Operation, error: Transient) -> str | None:
    """Return the position to write before a step is retried; None keeps the present one."""
    if operation.step != Position.REQUESTED:
        return None
    if not isinstance(error, (Throttled, Conflict)):
        return Position.UNCERTAIN
    # The cloud refused to process the request, so that even a reboot may be requested again.
    return None if kind_of(operation).repeatable else Position.JOURNALLED


def after_error(
    operation: Operation, error: SkyClustError, *, first_call: bool = False
) -> str | None:
    """Return the position to write after a step failed for good; None leaves the operation open.

    `first_call` says that the cloud was called once for this operation, by this step, and
    replied with the error: then nothing happened, and the operation has failed. None means that
    the outcome cannot be known yet, or that a recovery has to retry.
    """
    try:
        kind = kind_of(operation)
    except ConfigurationError:  # a newer version wrote it
        return None
    if _stays_open(operation, kind, error):
        return None
    # After an error of our own nobody knows what reached the cloud, not even at a first call.
    known = not isinstance(error, InternalError)
    if operation.step == Position.JOURNALLED or (first_call and known):
        return Position.FAILED
    if isinstance(error, _ABOUT_US):
        return None
    return kind.rollback.get(operation.step, Position.FAILED)


def _stays_open(operation: Operation, kind: OperationKind, error: SkyClustError) -> bool:
    unknown = operation.step not in kind.steps  # a newer version wrote it
    return (
        unknown
        or isinstance(error, Fenced)
        or operation.step in kind.never_failed_at
        or _worth_waiting(operation, kind, error)
    )


def _worth_waiting(operation: Operation, kind: OperationKind, error: SkyClustError) -> bool:
    """Return whether a recovery shall retry after an error that outlasted the task's retries.

    Not when the cloud says that the subject is busy: a stop that nobody waits for any more
    must not take effect hours later. A subject that the operation itself stopped is waited for.
    Only a cloud's own Conflict names its provider; that of the store, which is busy at times as
    well, says nothing about the subject.
    """
    busy = isinstance(error, Conflict) and error.provider != ""
    waited_for = kind.retried_while_busy or operation.step in kind.restart_owed_at
    return isinstance(error, Transient) and (waited_for or not busy)

"""What an operation does next: the journal is the program counter.

Every function here is pure. `next_step` reads the last line of an operation's journal and
says what to do; the flow that was asked, a retry of it and the recovery all obey it, so any
of them can carry on what another began. `after_error` says what to write when a step could
not be done.

The paths, by the lines of the journal:

    create   journalled > requested > accepted > ready > succeeded
             accepted or ready, and the machine failed: undoing > removing > removed > undone
    start    journalled > requested > accepted > ready > succeeded     (so do stop and reboot)
    resize   journalled > resizing > ready > succeeded                 (needs no stop)
             journalled > stopping > halting > stopped > resized > starting > ready > succeeded
             and the type was refused: restoring > restarting > restored > undone
    delete   journalled > requested > accepted > gone > succeeded

`requested` is written before the cloud is called, `accepted` after. An operation found at
`requested` may or may not have reached the cloud. Creating is repeated then, for the token
makes it one machine; starting, stopping and deleting are repeated, for doing them twice is
doing them once. A reboot is not repeated: it is done at most once, and an operation that
cannot know ends as failed and says so, for a machine rebooted twice hurts its users while
a second request costs a click.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from skyclust.errors import (
    AuthenticationFailed,
    ConfigurationError,
    Conflict,
    Fenced,
    PermissionDenied,
    SkyClustError,
    Throttled,
    Transient,
)
from skyclust.model.operation import Operation, OperationKind, OperationState


class Position(StrEnum):
    """A line of the journal: how far an operation got."""

    JOURNALLED = "journalled"
    REQUESTED = "requested"
    UNCERTAIN = "uncertain"  # the cloud was called and its answer was lost
    ACCEPTED = "accepted"
    READY = "ready"
    STOPPING = "stopping"
    HALTING = "halting"
    STOPPED = "stopped"
    RESIZING = "resizing"
    RESIZED = "resized"
    STARTING = "starting"
    RESTORING = "restoring"
    RESTARTING = "restarting"
    RESTORED = "restored"
    UNDOING = "undoing"
    REMOVING = "removing"
    REMOVED = "removed"
    GONE = "gone"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNDONE = "undone"

    @property
    def state(self) -> OperationState:
        """Return the state that an operation has at this line."""
        return _STATES.get(self, OperationState.RUNNING)


_STATES: Final = {
    Position.JOURNALLED: OperationState.PENDING,
    Position.SUCCEEDED: OperationState.SUCCEEDED,
    Position.FAILED: OperationState.FAILED,
    Position.UNDONE: OperationState.UNDONE,
}


class Action(StrEnum):
    """What a step does, in words that a task run's name can bear."""

    CREATE = "create"
    START = "start"
    STOP = "stop"
    REBOOT = "reboot"
    ADMIT_UNKNOWN = "give up the reboot of"
    INSPECT = "look at"
    RESIZE = "resize"
    DELETE = "delete"
    AWAIT_RUNNING = "wait for running"
    AWAIT_STOPPED = "wait for the stop of"
    AWAIT_GONE = "wait for the end of"
    RECORD = "record"
    FORGET = "forget"

    @property
    def waits(self) -> bool:
        """Return whether the step polls the cloud until a deadline of its own."""
        return self in {Action.AWAIT_RUNNING, Action.AWAIT_STOPPED, Action.AWAIT_GONE}


@dataclass(frozen=True)
class Step:
    """One step: `intent` is written before the action where it has one, `outcome` after it."""

    action: Action
    outcome: Position
    intent: Position | None = None


def _asked(action: Action, *, uncertain: Action | None = None) -> dict[Position, Step]:
    """Return the steps that ask the cloud for something once."""
    again = Step(uncertain or action, Position.ACCEPTED)
    return {
        Position.JOURNALLED: Step(action, Position.ACCEPTED, intent=Position.REQUESTED),
        Position.REQUESTED: again,
        Position.UNCERTAIN: again,
    }


_RECORDED: Final = {Position.READY: Step(Action.RECORD, Position.SUCCEEDED)}

_STEPS: Final[dict[OperationKind, dict[Position, Step]]] = {
    OperationKind.CREATE: {
        **_asked(Action.CREATE),
        Position.ACCEPTED: Step(Action.AWAIT_RUNNING, Position.READY),
        **_RECORDED,
        Position.UNDOING: Step(Action.DELETE, Position.REMOVING),
        Position.REMOVING: Step(Action.AWAIT_GONE, Position.REMOVED),
        Position.REMOVED: Step(Action.FORGET, Position.UNDONE),
    },
    OperationKind.START: {
        **_asked(Action.START),
        Position.ACCEPTED: Step(Action.AWAIT_RUNNING, Position.READY),
        **_RECORDED,
    },
    OperationKind.STOP: {
        **_asked(Action.STOP),
        Position.ACCEPTED: Step(Action.AWAIT_STOPPED, Position.READY),
        **_RECORDED,
    },
    OperationKind.REBOOT: {
        **_asked(Action.REBOOT, uncertain=Action.ADMIT_UNKNOWN),
        Position.ACCEPTED: Step(Action.AWAIT_RUNNING, Position.READY),
        **_RECORDED,
    },
    OperationKind.RESIZE: {
        # Looking at the machine decides between RESIZING, STOPPING and READY.
        Position.JOURNALLED: Step(Action.INSPECT, Position.RESIZING),
        Position.RESIZING: Step(Action.RESIZE, Position.READY),
        Position.STOPPING: Step(Action.STOP, Position.HALTING),
        Position.HALTING: Step(Action.AWAIT_STOPPED, Position.STOPPED),
        Position.STOPPED: Step(Action.RESIZE, Position.RESIZED),
        Position.RESIZED: Step(Action.START, Position.STARTING),
        Position.STARTING: Step(Action.AWAIT_RUNNING, Position.READY),
        **_RECORDED,
        Position.RESTORING: Step(Action.START, Position.RESTARTING),
        Position.RESTARTING: Step(Action.AWAIT_RUNNING, Position.RESTORED),
        Position.RESTORED: Step(Action.RECORD, Position.UNDONE),
    },
    OperationKind.DELETE: {
        **_asked(Action.DELETE),
        Position.ACCEPTED: Step(Action.AWAIT_GONE, Position.GONE),
        Position.GONE: Step(Action.FORGET, Position.SUCCEEDED),
    },
}

# What is taken back when the machine, or the cloud's answer about it, ends the path.
_RETREAT: Final[dict[OperationKind, dict[Position, Position]]] = {
    OperationKind.CREATE: {
        Position.ACCEPTED: Position.UNDOING,
        Position.READY: Position.UNDOING,
    },
    OperationKind.RESIZE: {
        Position.STOPPING: Position.RESTORING,
        Position.HALTING: Position.RESTORING,
        Position.STOPPED: Position.RESTORING,
    },
}

# Nothing but the end may follow: giving up here would leave a machine that nobody asked for.
_NEVER_GIVEN_UP: Final = frozenset({Position.UNDOING, Position.REMOVING, Position.REMOVED})

# These speak about us, not about the machine: someone can mend them, and then the path goes on.
_ABOUT_US: Final = (AuthenticationFailed, PermissionDenied, ConfigurationError)


def next_step(operation: Operation) -> Step | None:
    """Return what to do next, or None when the operation is at its end.

    Raises ConfigurationError for a line that this version does not know, which a newer one
    may have written.
    """
    if operation.state.final:
        return None
    try:
        return _STEPS[operation.kind][Position(operation.step)]
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
    position = Position(operation.step)
    if isinstance(error, Fenced) or _worth_waiting(operation, error):
        return None
    if position in _NEVER_GIVEN_UP:
        return None
    if position is Position.JOURNALLED or first_call:
        return Position.FAILED
    if isinstance(error, _ABOUT_US):
        return None
    return _RETREAT.get(operation.kind, {}).get(position, Position.FAILED)


def _worth_waiting(operation: Operation, error: SkyClustError) -> bool:
    """Return whether a recovery shall try again after an error that outlasted the retries.

    Not when the cloud says that the machine is busy: a stop that nobody waits for any more
    must not strike hours later. Only a cloud's own Conflict names its provider; the store's,
    which is busy as well at times, says nothing of the machine.
    """
    busy = isinstance(error, Conflict) and error.provider != ""
    return isinstance(error, Transient) and not (
        busy and operation.kind is not OperationKind.CREATE
    )

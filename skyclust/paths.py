"""The paths of operations, as a table: what follows each line of the journal.

    create      journalled > requested > accepted > ready > succeeded
                accepted or ready, and the machine failed: undoing > removing > removed > undone
    start       journalled > requested > accepted > ready > succeeded  (so do stop and reboot)
    resize      journalled > resizing > ready > succeeded              (needs no stop)
                journalled > stopping > halting > stopped > resized > starting > ready > succeeded
                and the type was refused: restoring > restarting > restored > undone
    delete      journalled > requested > accepted > gone > succeeded
    snapshot    journalled > requested > accepted > succeeded
                and the snapshot broke: undoing > removing > undone
    restore     journalled > reverting > replacing > ready > succeeded (needs no stop)
                journalled > stopping > halting > stopped > replacing-halted > reverted
                > starting > ready > succeeded
                and it was refused before a disk was touched: restoring > restarting > restored
                > undone
    delete-snapshot          journalled > requested > accepted > succeeded
    attach-disk, detach-disk journalled > requested > accepted > ready > succeeded
    set-tags    journalled > requested > accepted > succeeded

`requested` is written before the cloud is called, `accepted` after. An operation found at
`requested` may or may not have reached the cloud. `skyclust.cancelling` says where a cancelled
operation leaves its path; at `journalled` it ends as cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from skyclust.model.operation import OperationKind, OperationState


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
    REVERTING = "reverting"
    REPLACING = "replacing"
    REPLACING_HALTED = "replacing-halted"
    REVERTED = "reverted"
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
    CANCELLED = "cancelled"

    @property
    def state(self) -> OperationState:
        """Return the state that an operation has at this line."""
        return _STATES.get(self, OperationState.RUNNING)


_STATES: Final = {
    Position.JOURNALLED: OperationState.PENDING,
    Position.SUCCEEDED: OperationState.SUCCEEDED,
    Position.FAILED: OperationState.FAILED,
    Position.UNDONE: OperationState.UNDONE,
    Position.CANCELLED: OperationState.CANCELLED,
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
    SWEEP = "look for what is left of"
    SNAPSHOT = "take a snapshot of"
    AWAIT_SNAPSHOT = "wait for the snapshot of"
    DELETE_SNAPSHOT = "delete a snapshot of"
    AWAIT_SNAPSHOT_GONE = "wait for the end of a snapshot of"
    INSPECT_SNAPSHOT = "look at a snapshot of"
    BEGIN_RESTORE = "begin to restore"
    RESTORE = "restore"
    ATTACH_DISK = "attach a disk to"
    AWAIT_ATTACHED = "wait for a disk at"
    DETACH_DISK = "detach a disk from"
    AWAIT_DETACHED = "wait until a disk is off"
    RECORD_DISK = "record a disk of"
    SET_TAGS = "tag"
    CHECK_ARRIVAL = "look whether the cancelled request reached"

    @property
    def waits(self) -> bool:
        """Return whether the step polls the cloud until a deadline of its own."""
        return self in _WAITS

    @property
    def changes(self) -> bool:
        """Return whether the step is one call by which the cloud is to change something."""
        return self not in _WAITS | _LOOKS


_WAITS: Final = frozenset(
    {
        Action.AWAIT_RUNNING,
        Action.AWAIT_STOPPED,
        Action.AWAIT_GONE,
        Action.AWAIT_SNAPSHOT,
        Action.AWAIT_SNAPSHOT_GONE,
        Action.RESTORE,
        Action.AWAIT_ATTACHED,
        Action.AWAIT_DETACHED,
        Action.CHECK_ARRIVAL,
    }
)

_LOOKS: Final = frozenset(
    {
        Action.ADMIT_UNKNOWN,
        Action.INSPECT,
        Action.INSPECT_SNAPSHOT,
        Action.RECORD,
        Action.RECORD_DISK,
    }
)


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

_DISK_RECORDED: Final = {Position.READY: Step(Action.RECORD_DISK, Position.SUCCEEDED)}

# A machine that was stopped for something is stopped, and started again when that is refused.
_HALTED: Final = {
    Position.STOPPING: Step(Action.STOP, Position.HALTING),
    Position.HALTING: Step(Action.AWAIT_STOPPED, Position.STOPPED),
    Position.STARTING: Step(Action.AWAIT_RUNNING, Position.READY),
    Position.RESTORING: Step(Action.START, Position.RESTARTING),
    Position.RESTARTING: Step(Action.AWAIT_RUNNING, Position.RESTORED),
    Position.RESTORED: Step(Action.RECORD, Position.UNDONE),
}

STEPS: Final[dict[OperationKind, dict[Position, Step]]] = {
    OperationKind.CREATE: {
        **_asked(Action.CREATE),
        Position.ACCEPTED: Step(Action.AWAIT_RUNNING, Position.READY),
        **_RECORDED,
        Position.UNDOING: Step(Action.DELETE, Position.REMOVING),
        Position.REMOVING: Step(Action.AWAIT_GONE, Position.REMOVED),
        Position.REMOVED: Step(Action.SWEEP, Position.UNDONE),
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
        **_HALTED,
        Position.STOPPED: Step(Action.RESIZE, Position.RESIZED),
        Position.RESIZED: Step(Action.START, Position.STARTING),
        **_RECORDED,
    },
    OperationKind.DELETE: {
        **_asked(Action.DELETE),
        Position.ACCEPTED: Step(Action.AWAIT_GONE, Position.GONE),
        Position.GONE: Step(Action.SWEEP, Position.SUCCEEDED),
    },
    OperationKind.SNAPSHOT: {
        **_asked(Action.SNAPSHOT),
        # A snapshot that broke leads to UNDOING.
        Position.ACCEPTED: Step(Action.AWAIT_SNAPSHOT, Position.SUCCEEDED),
        Position.UNDOING: Step(Action.DELETE_SNAPSHOT, Position.REMOVING),
        Position.REMOVING: Step(Action.AWAIT_SNAPSHOT_GONE, Position.UNDONE),
    },
    OperationKind.RESTORE: {
        # Looking at the machine and the snapshot decides between REVERTING and STOPPING.
        Position.JOURNALLED: Step(Action.INSPECT_SNAPSHOT, Position.REVERTING),
        Position.REVERTING: Step(Action.BEGIN_RESTORE, Position.REPLACING),
        Position.REPLACING: Step(Action.RESTORE, Position.READY),
        **_HALTED,
        Position.STOPPED: Step(Action.BEGIN_RESTORE, Position.REPLACING_HALTED),
        Position.REPLACING_HALTED: Step(Action.RESTORE, Position.REVERTED),
        Position.REVERTED: Step(Action.START, Position.STARTING),
        **_RECORDED,
    },
    OperationKind.DELETE_SNAPSHOT: {
        **_asked(Action.DELETE_SNAPSHOT),
        Position.ACCEPTED: Step(Action.AWAIT_SNAPSHOT_GONE, Position.SUCCEEDED),
    },
    OperationKind.ATTACH_DISK: {
        **_asked(Action.ATTACH_DISK),
        Position.ACCEPTED: Step(Action.AWAIT_ATTACHED, Position.READY),
        **_DISK_RECORDED,
    },
    OperationKind.DETACH_DISK: {
        **_asked(Action.DETACH_DISK),
        Position.ACCEPTED: Step(Action.AWAIT_DETACHED, Position.READY),
        **_DISK_RECORDED,
    },
    OperationKind.SET_TAGS: {
        **_asked(Action.SET_TAGS),
        Position.ACCEPTED: Step(Action.RECORD, Position.SUCCEEDED),
    },
}

_UNTOUCHED: Final = {
    Position.STOPPING: Position.RESTORING,
    Position.HALTING: Position.RESTORING,
    Position.STOPPED: Position.RESTORING,
}

# What is taken back when the machine, or the cloud's answer about it, ends the path. Once disks
# are being replaced nothing is: a machine with disks of two moments must not be started.
RETREAT: Final[dict[OperationKind, dict[Position, Position]]] = {
    OperationKind.CREATE: {
        Position.ACCEPTED: Position.UNDOING,
        Position.READY: Position.UNDOING,
    },
    OperationKind.RESIZE: _UNTOUCHED,
    OperationKind.RESTORE: _UNTOUCHED,
}

# Nothing but the end may follow: giving up here would leave what nobody asked for.
NEVER_GIVEN_UP: Final = frozenset({Position.UNDOING, Position.REMOVING, Position.REMOVED})

"""The kinds of operations on instances, as tables: what follows each position.

    create      journalled > requested > accepted > ready > succeeded
                accepted or ready, and the instance failed:
                rolling-back > removing > removed > rolled-back
    start       journalled > requested > accepted > ready > succeeded  (also stop, reboot)
    resize      journalled > resizing > ready > succeeded              (needs no stop)
                journalled > stopping > halting > stopped > resized > starting > ready > succeeded
                and the type was refused: rolling-back > restarting > restarted > rolled-back
    delete      journalled > requested > accepted > gone > succeeded
    snapshot    journalled > requested > accepted > succeeded
                and the snapshot failed: rolling-back > removing > rolled-back
    restore     journalled > restoring > replacing > ready > succeeded (needs no stop)
                journalled > stopping > halting > stopped > replacing-halted > restored
                > starting > ready > succeeded
                and it was refused before a disk was replaced:
                rolling-back > restarting > restarted > rolled-back
    delete-snapshot          journalled > requested > accepted > succeeded
    attach-disk, detach-disk journalled > requested > accepted > ready > succeeded
    set-tags    journalled > requested > accepted > succeeded

`requested` is written before the cloud is called, `accepted` after. An operation found at
`requested` may or may not have reached the cloud.
"""

from __future__ import annotations

from typing import Final

from skyclust.contract import ComputeProvider, DiskProvider, SnapshotProvider, TagProvider
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation
from skyclust.operations.instance import arrival
from skyclust.operations.instance import compute_steps as compute
from skyclust.operations.instance import disk_steps as disks
from skyclust.operations.instance import snapshot_steps as snapshots
from skyclust.operations.instance.positions import InstancePosition
from skyclust.operations.position import Position
from skyclust.operations.transitions import Action, OperationKind, Step


def _requested(action: Action, *, uncertain: Action | None = None) -> dict[str, Step]:
    """Return the steps that send one request to the cloud."""
    again = Step(uncertain or action, Position.ACCEPTED)
    return {
        Position.JOURNALLED: Step(action, Position.ACCEPTED, intent=Position.REQUESTED),
        Position.REQUESTED: again,
        Position.UNCERTAIN: again,
    }


_RECORDED: Final[dict[str, Step]] = {Position.READY: Step(compute.RECORD, Position.SUCCEEDED)}

_DISK_RECORDED: Final[dict[str, Step]] = {Position.READY: Step(disks.RECORD, Position.SUCCEEDED)}

# An instance is stopped for a change, and started again when the change is refused.
_STOPPED_FOR_A_CHANGE: Final[dict[str, Step]] = {
    InstancePosition.STOPPING: Step(compute.STOP, InstancePosition.HALTING),
    InstancePosition.HALTING: Step(compute.AWAIT_STOPPED, InstancePosition.STOPPED),
    InstancePosition.STARTING: Step(compute.AWAIT_RUNNING, Position.READY),
    Position.ROLLING_BACK: Step(compute.START, InstancePosition.RESTARTING),
    InstancePosition.RESTARTING: Step(compute.AWAIT_RUNNING, InstancePosition.RESTARTED),
    InstancePosition.RESTARTED: Step(compute.RECORD, Position.ROLLED_BACK),
}

# Once disks are being replaced nothing is rolled back: an instance with disks of two points in
# time must not be started.
_NOT_CHANGED_YET: Final[dict[str, str]] = {
    InstancePosition.STOPPING: Position.ROLLING_BACK,
    InstancePosition.HALTING: Position.ROLLING_BACK,
    InstancePosition.STOPPED: Position.ROLLING_BACK,
}

# The instance ran and is off because of the operation: ending it while the instance is busy
# would leave it off.
_RESTART_OWED: Final[frozenset[str]] = frozenset(
    {
        InstancePosition.RESIZED,
        InstancePosition.RESTORED,
        InstancePosition.STARTING,
        Position.ROLLING_BACK,
        InstancePosition.RESTARTING,
    }
)

# Positions before the first call that changes anything; `attempts` says whether it was begun.
_FIRST_CHANGES: Final = frozenset(
    {InstancePosition.RESIZING, InstancePosition.RESTORING, InstancePosition.STOPPING}
)


def _after_cancelled_change(operation: Operation) -> str | None:
    """Return the position after the cancellation of a resize or a restore; None goes on."""
    not_begun = operation.attempts == 0
    if operation.step in _FIRST_CHANGES and not_begun:
        return Position.CANCELLED
    # An instance that is being stopped is started again once it is off. A restore that may have
    # replaced a disk goes on.
    resize = operation.kind == InstanceAction.RESIZE
    if operation.step == InstancePosition.STOPPED and (not_begun or resize):
        return Position.ROLLING_BACK
    return None


_CREATE: Final = OperationKind(
    InstanceAction.CREATE,
    event="created",
    steps={
        **_requested(compute.CREATE),
        Position.ACCEPTED: Step(compute.AWAIT_RUNNING, Position.READY),
        **_RECORDED,
        Position.ROLLING_BACK: Step(compute.DELETE, InstancePosition.REMOVING),
        InstancePosition.REMOVING: Step(compute.AWAIT_GONE, InstancePosition.REMOVED),
        InstancePosition.REMOVED: Step(compute.REMOVE_LEFTOVERS, Position.ROLLED_BACK),
    },
    rollback={
        Position.ACCEPTED: Position.ROLLING_BACK,
        Position.READY: Position.ROLLING_BACK,
    },
    never_failed_at=frozenset(
        {Position.ROLLING_BACK, InstancePosition.REMOVING, InstancePosition.REMOVED}
    ),
    retried_while_busy=True,
    rolled_back_when_cancelled_at=frozenset({Position.ACCEPTED, Position.READY}),
    existing_result=compute.existing_instance,
    abilities=(ComputeProvider,),
)

_START: Final = OperationKind(
    InstanceAction.START,
    event="started",
    steps={
        **_requested(compute.START),
        Position.ACCEPTED: Step(compute.AWAIT_RUNNING, Position.READY),
        **_RECORDED,
    },
    arrival=arrival.is_starting,
    abilities=(ComputeProvider,),
)

_STOP: Final = OperationKind(
    InstanceAction.STOP,
    event="stopped",
    steps={
        **_requested(compute.STOP),
        Position.ACCEPTED: Step(compute.AWAIT_STOPPED, Position.READY),
        **_RECORDED,
    },
    arrival=arrival.is_stopping,
    abilities=(ComputeProvider,),
)

_REBOOT: Final = OperationKind(
    InstanceAction.REBOOT,
    event="rebooted",
    steps={
        **_requested(compute.REBOOT, uncertain=compute.REPORT_UNKNOWN_REBOOT),
        Position.ACCEPTED: Step(compute.AWAIT_RUNNING, Position.READY),
        **_RECORDED,
    },
    repeatable=False,
    abilities=(ComputeProvider,),
)

_RESIZE: Final = OperationKind(
    InstanceAction.RESIZE,
    event="resized",
    steps={
        # The instance's state decides between RESIZING, STOPPING and READY.
        Position.JOURNALLED: Step(compute.INSPECT, InstancePosition.RESIZING),
        InstancePosition.RESIZING: Step(compute.RESIZE, Position.READY),
        **_STOPPED_FOR_A_CHANGE,
        InstancePosition.STOPPED: Step(compute.RESIZE, InstancePosition.RESIZED),
        InstancePosition.RESIZED: Step(compute.START, InstancePosition.STARTING),
        **_RECORDED,
    },
    rollback=_NOT_CHANGED_YET,
    restart_owed_at=_RESTART_OWED,
    after_cancel=_after_cancelled_change,
    abilities=(ComputeProvider,),
)

_DELETE: Final = OperationKind(
    InstanceAction.DELETE,
    event="deleted",
    steps={
        **_requested(compute.DELETE),
        Position.ACCEPTED: Step(compute.AWAIT_GONE, InstancePosition.GONE),
        InstancePosition.GONE: Step(compute.REMOVE_LEFTOVERS, Position.SUCCEEDED),
    },
    arrival=arrival.is_ending,
    abilities=(ComputeProvider,),
)

_SNAPSHOT: Final = OperationKind(
    InstanceAction.SNAPSHOT,
    event="snapshot.created",
    steps={
        **_requested(snapshots.CREATE),
        # A snapshot that failed leads to ROLLING_BACK.
        Position.ACCEPTED: Step(snapshots.AWAIT_AVAILABLE, Position.SUCCEEDED),
        Position.ROLLING_BACK: Step(snapshots.DELETE, InstancePosition.REMOVING),
        InstancePosition.REMOVING: Step(snapshots.AWAIT_GONE, Position.ROLLED_BACK),
    },
    never_failed_at=frozenset({Position.ROLLING_BACK, InstancePosition.REMOVING}),
    rolled_back_when_cancelled_at=frozenset({Position.ACCEPTED}),
    existing_result=snapshots.existing_snapshot,
    abilities=(ComputeProvider, SnapshotProvider),
)

_RESTORE: Final = OperationKind(
    InstanceAction.RESTORE,
    event="restored",
    steps={
        # The states of instance and snapshot decide between RESTORING and STOPPING.
        Position.JOURNALLED: Step(snapshots.INSPECT, InstancePosition.RESTORING),
        InstancePosition.RESTORING: Step(snapshots.BEGIN_RESTORE, InstancePosition.REPLACING),
        InstancePosition.REPLACING: Step(snapshots.RESTORE, Position.READY),
        **_STOPPED_FOR_A_CHANGE,
        InstancePosition.STOPPED: Step(snapshots.BEGIN_RESTORE, InstancePosition.REPLACING_HALTED),
        InstancePosition.REPLACING_HALTED: Step(snapshots.RESTORE, InstancePosition.RESTORED),
        InstancePosition.RESTORED: Step(compute.START, InstancePosition.STARTING),
        **_RECORDED,
    },
    rollback=_NOT_CHANGED_YET,
    restart_owed_at=_RESTART_OWED,
    after_cancel=_after_cancelled_change,
    abilities=(ComputeProvider, SnapshotProvider),
)

_DELETE_SNAPSHOT: Final = OperationKind(
    InstanceAction.DELETE_SNAPSHOT,
    event="snapshot.deleted",
    steps={
        **_requested(snapshots.DELETE),
        Position.ACCEPTED: Step(snapshots.AWAIT_GONE, Position.SUCCEEDED),
    },
    arrival=arrival.snapshot_is_ending,
    abilities=(ComputeProvider, SnapshotProvider),
)

_ATTACH_DISK: Final = OperationKind(
    InstanceAction.ATTACH_DISK,
    event="disk.attached",
    steps={
        **_requested(disks.ATTACH),
        Position.ACCEPTED: Step(disks.AWAIT_ATTACHED, Position.READY),
        **_DISK_RECORDED,
    },
    arrival=arrival.disk_is_attached,
    abilities=(ComputeProvider, DiskProvider),
)

_DETACH_DISK: Final = OperationKind(
    InstanceAction.DETACH_DISK,
    event="disk.detached",
    steps={
        **_requested(disks.DETACH),
        Position.ACCEPTED: Step(disks.AWAIT_DETACHED, Position.READY),
        **_DISK_RECORDED,
    },
    arrival=arrival.disk_is_detached,
    abilities=(ComputeProvider, DiskProvider),
)

_SET_TAGS: Final = OperationKind(
    InstanceAction.SET_TAGS,
    event="tagged",
    steps={
        **_requested(compute.SET_TAGS),
        Position.ACCEPTED: Step(compute.RECORD, Position.SUCCEEDED),
    },
    abilities=(ComputeProvider, TagProvider),
)

OPERATION_KINDS: Final[dict[str, OperationKind]] = {
    kind.name: kind
    for kind in (
        _CREATE,
        _START,
        _STOP,
        _REBOOT,
        _RESIZE,
        _DELETE,
        _SNAPSHOT,
        _RESTORE,
        _DELETE_SNAPSHOT,
        _ATTACH_DISK,
        _DETACH_DISK,
        _SET_TAGS,
    )
}
"""Every kind of operation on an instance by its name, which is its `InstanceAction`'s value."""

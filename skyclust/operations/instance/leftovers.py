"""What an operation on an instance that has not ended regularly may have left in the cloud."""

from __future__ import annotations

from typing import Final

from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation, OperationState
from skyclust.operations.instance.positions import InstancePosition
from skyclust.operations.position import Position

_OFF: Final[frozenset[str]] = frozenset(
    {
        InstancePosition.STOPPING,
        InstancePosition.HALTING,
        InstancePosition.STOPPED,
        InstancePosition.RESIZED,
        InstancePosition.RESTORED,
        InstancePosition.STARTING,
        Position.ROLLING_BACK,
        InstancePosition.RESTARTING,
    }
)

_REPLACING: Final[frozenset[str]] = frozenset(
    {
        InstancePosition.RESTORING,
        InstancePosition.STOPPED,
        InstancePosition.REPLACING,
        InstancePosition.REPLACING_HALTED,
    }
)

_POSSIBLE: Final[dict[str, str]] = {
    InstanceAction.START: "may have been started",
    InstanceAction.STOP: "may have been stopped",
    InstanceAction.REBOOT: "may have been rebooted",
    InstanceAction.RESIZE: "may have either type",
    InstanceAction.DELETE: "may be there, gone, or gone with disks and addresses left of it",
    InstanceAction.ATTACH_DISK: "may have the disk",
    InstanceAction.DETACH_DISK: "may still have the disk",
    InstanceAction.SET_TAGS: "may have some of the tags",
}


def what_may_be_left(operation: Operation) -> str:
    """Return what the cloud may have of an operation, in a sentence for a person to check.

    Empty when the cloud was not called, and when a run ended the operation.
    """
    ended = operation.state.final and operation.state is not OperationState.ABANDONED
    if ended or operation.step == Position.JOURNALLED:
        return ""
    where = f"in {operation.region} of {operation.credential}"
    if operation.kind == InstanceAction.CREATE:
        return f"{_created(operation)} {where}, with disks and addresses."
    if operation.kind in {InstanceAction.SNAPSHOT, InstanceAction.DELETE_SNAPSHOT}:
        name = operation.request.get("snapshot") or operation.request.get("snapshot_id")
        return f"A snapshot {name!r} of instance {operation.subject_name} {where} may be there."
    instance = f"Instance {operation.subject_name or operation.subject_id} {where}"
    return f"{instance} {'; it '.join(_possible_states(operation))}."


def _created(operation: Operation) -> str:
    if operation.subject_id:
        return f"Instance {operation.subject_name} (id {operation.subject_id}) may be"
    return f"An instance {operation.subject_name} (token {operation.token}) may be"


def _possible_states(operation: Operation) -> list[str]:
    states = [_POSSIBLE[operation.kind]] if operation.kind in _POSSIBLE else []
    if operation.kind == InstanceAction.RESTORE and operation.step in _REPLACING:
        states.append("may have disks of two points in time: restore it before it is started")
    if operation.step in _OFF:
        states.append("may be stopped, though it ran")
    return states or ["may have been changed"]

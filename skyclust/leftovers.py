"""What an operation that has not come to its end may have left at the cloud, in a sentence."""

from __future__ import annotations

from typing import Final

from skyclust.model.operation import Operation, OperationKind, OperationState
from skyclust.paths import Position

_OFF: Final = frozenset(
    {
        Position.STOPPING,
        Position.HALTING,
        Position.STOPPED,
        Position.RESIZED,
        Position.REVERTED,
        Position.STARTING,
        Position.RESTORING,
        Position.RESTARTING,
    }
)

_REPLACING: Final = frozenset(
    {Position.REVERTING, Position.STOPPED, Position.REPLACING, Position.REPLACING_HALTED}
)

_UNKNOWN: Final[dict[OperationKind, str]] = {
    OperationKind.START: "may have been started",
    OperationKind.STOP: "may have been stopped",
    OperationKind.REBOOT: "may have been rebooted",
    OperationKind.RESIZE: "may have either type",
    OperationKind.DELETE: "may be there, gone, or gone with disks and addresses left of it",
    OperationKind.ATTACH_DISK: "may have the disk",
    OperationKind.DETACH_DISK: "may still have the disk",
    OperationKind.SET_TAGS: "may have some of the tags",
}


def what_may_be_left(operation: Operation) -> str:
    """Return what the cloud may have of an operation, for whoever has to look there.

    Empty when the cloud was not called, and for one that a run brought to its end.
    """
    ended = operation.state.final and operation.state is not OperationState.ABANDONED
    if ended or operation.step == Position.JOURNALLED:
        return ""
    place = f"in {operation.region} of {operation.credential}"
    if operation.kind is OperationKind.CREATE:
        return f"{_made(operation)} {place}, with disks and addresses."
    machine = f"Machine {operation.instance_name or operation.instance_id} {place}"
    if operation.kind in {OperationKind.SNAPSHOT, OperationKind.DELETE_SNAPSHOT}:
        name = operation.request.get("snapshot") or operation.request.get("snapshot_id")
        return f"A snapshot {name!r} of machine {operation.instance_name} {place} may be there."
    return f"{machine} {'; it '.join(_of_machine(operation))}."


def _made(operation: Operation) -> str:
    if operation.instance_id:
        return f"Machine {operation.instance_name} (id {operation.instance_id}) may be"
    return f"A machine {operation.instance_name} (token {operation.token}) may be"


def _of_machine(operation: Operation) -> list[str]:
    told = [_UNKNOWN[operation.kind]] if operation.kind in _UNKNOWN else []
    if operation.kind is OperationKind.RESTORE and operation.step in _REPLACING:
        told.append("may have disks of two moments: restore it before it is started")
    if operation.step in _OFF:
        told.append("may be stopped, though it ran")
    return told or ["may have been changed"]

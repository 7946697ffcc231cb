"""Looking whether a request that was cancelled had reached the cloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from skyclust.cancelling import cancel_error
from skyclust.contract import ComputeProvider, DiskProvider, Provider, SnapshotProvider
from skyclust.errors import NotFound, Timeout
from skyclust.model.instance import InstanceState
from skyclust.model.operation import Operation, OperationKind
from skyclust.model.snapshot import SnapshotState
from skyclust.registry import capability
from skyclust.steps import Position, Step
from skyclust.waiting import get_same, poll
from tasks.disks import is_attached
from tasks.outcome import Done, instance_id, reference, wanted

ARRIVAL_SECONDS: Final = 30.0
"""So long a cloud may show nothing of a request that it took; the reference of EC2 ("Eventual
consistency in the Amazon EC2 API") speaks of seconds to minutes for new things, and these are
states of things that are there."""


def check_arrival(step: Step, operation: Operation, provider: Provider) -> Done:
    """Return the request as accepted when the cloud shows it, else the operation as cancelled.

    The cloud is asked for nothing: a machine that nobody wants deleted any more is not deleted
    because a reply was lost.
    """
    arrived = _ARRIVED[operation.kind]

    def look() -> bool | None:
        return True if arrived(operation, provider) else None

    try:
        poll(look, "A sign of the request", deadline_seconds=ARRIVAL_SECONDS)
    except Timeout as error:
        if error.__cause__ is not None:
            raise
        found = f"The cloud shows no sign of the {operation.kind.value}: it did not arrive."
        return Done(Position.CANCELLED, error=cancel_error(operation, found=found))
    return Done(step.outcome, detail="the cancelled request had arrived")


def _is_in(*states: InstanceState) -> Callable[[Operation, Provider], bool]:
    def arrived(operation: Operation, provider: Provider) -> bool:
        compute = capability(provider, ComputeProvider)
        return get_same(compute, reference(operation)).state in states

    return arrived


def _is_ending(operation: Operation, provider: Provider) -> bool:
    try:
        return _is_in(InstanceState.DELETING, InstanceState.DELETED)(operation, provider)
    except NotFound:
        return True


def _snapshot_is_ending(operation: Operation, provider: Provider) -> bool:
    meant = wanted(operation, "snapshot_id")
    try:
        known = capability(provider, SnapshotProvider).list_snapshots(
            operation.region, instance_id(operation)
        )
    except NotFound:
        return True
    return not any(one.id == meant and one.state is SnapshotState.AVAILABLE for one in known)


def _disk_is_attached(operation: Operation, provider: Provider) -> bool:
    disks = capability(provider, DiskProvider)
    disk = disks.get_disk(operation.region, wanted(operation, "disk_id"))
    return is_attached(disk, instance_id(operation))


def _disk_is_detached(operation: Operation, provider: Provider) -> bool:
    return not _disk_is_attached(operation, provider)


_ARRIVED: Final[dict[OperationKind, Callable[[Operation, Provider], bool]]] = {
    OperationKind.START: _is_in(InstanceState.PENDING, InstanceState.RUNNING),
    OperationKind.STOP: _is_in(InstanceState.STOPPING, InstanceState.STOPPED),
    OperationKind.DELETE: _is_ending,
    OperationKind.DELETE_SNAPSHOT: _snapshot_is_ending,
    OperationKind.ATTACH_DISK: _disk_is_attached,
    OperationKind.DETACH_DISK: _disk_is_detached,
}

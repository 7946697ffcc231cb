"""Whether the cloud shows that a request of a cancelled operation reached it."""

from __future__ import annotations

from skyclust.contract import ComputeProvider, DiskProvider, Provider, SnapshotProvider
from skyclust.errors import NotFound
from skyclust.model.instance import InstanceState
from skyclust.model.operation import Operation
from skyclust.model.snapshot import SnapshotState
from skyclust.operations.instance.disk_steps import is_attached
from skyclust.operations.instance.request_fields import (
    instance_id,
    instance_reference,
    required_text,
)
from skyclust.operations.waiting import get_same
from skyclust.registry import capability


def is_starting(operation: Operation, provider: Provider) -> bool:
    """Return whether the instance starts or runs."""
    return _state(operation, provider) in {InstanceState.PENDING, InstanceState.RUNNING}


def is_stopping(operation: Operation, provider: Provider) -> bool:
    """Return whether the instance stops or is stopped."""
    return _state(operation, provider) in {InstanceState.STOPPING, InstanceState.STOPPED}


def is_ending(operation: Operation, provider: Provider) -> bool:
    """Return whether the instance is being deleted or no longer exists."""
    try:
        state = _state(operation, provider)
    except NotFound:
        return True
    return state in {InstanceState.DELETING, InstanceState.DELETED}


def snapshot_is_ending(operation: Operation, provider: Provider) -> bool:
    """Return whether the snapshot is being deleted or no longer exists."""
    snapshot_id = required_text(operation, "snapshot_id")
    try:
        snapshots = capability(provider, SnapshotProvider).list_snapshots(
            operation.region, instance_id(operation)
        )
    except NotFound:
        return True
    return not any(
        snapshot.id == snapshot_id and snapshot.state is SnapshotState.AVAILABLE
        for snapshot in snapshots
    )


def disk_is_attached(operation: Operation, provider: Provider) -> bool:
    """Return whether the disk is attached to the instance."""
    disks = capability(provider, DiskProvider)
    disk = disks.get_disk(operation.region, required_text(operation, "disk_id"))
    return is_attached(disk, instance_id(operation))


def disk_is_detached(operation: Operation, provider: Provider) -> bool:
    """Return whether the disk is not attached to the instance."""
    return not disk_is_attached(operation, provider)


def _state(operation: Operation, provider: Provider) -> InstanceState:
    compute = capability(provider, ComputeProvider)
    return get_same(compute, instance_reference(operation)).state

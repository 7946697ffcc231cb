"""The steps of taking, restoring and deleting an instance's snapshots."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from skyclust.contract import Provider, SnapshotProvider
from skyclust.errors import Conflict, NeverReached, NotFound, Terminal, Timeout
from skyclust.model.instance import InstanceState
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState
from skyclust.operations.instance.compute_steps import NEW_INSTANCE_SECONDS, require_changeable
from skyclust.operations.instance.name_lookup import snapshot_named
from skyclust.operations.instance.positions import InstancePosition
from skyclust.operations.instance.request_fields import (
    instance_id,
    instance_reference,
    instance_result,
    instance_title,
    required_text,
    wait_seconds,
)
from skyclust.operations.position import Position
from skyclust.operations.step_result import StepResult
from skyclust.operations.transitions import Action, Step
from skyclust.operations.waiting import poll
from skyclust.registry import capability


def existing_snapshot(operation: Operation, provider: Provider) -> StepResult | None:
    """Return the snapshot as accepted when one with the operation's token exists, else None.

    Raises NotFound for an instance that no longer exists.
    """
    snapshot = _find_snapshot(operation, provider)
    return StepResult(Position.ACCEPTED, detail=snapshot.id) if snapshot else None


def _create(step: Step, operation: Operation, provider: Provider) -> StepResult:
    snapshot = capability(provider, SnapshotProvider).create_snapshot(
        instance_reference(operation), required_text(operation, "snapshot"), operation.token
    )
    return StepResult(step.outcome, detail=f"{snapshot.id}: {snapshot.native_state}")


def _await_available(step: Step, operation: Operation, provider: Provider) -> StepResult:
    """Wait until the snapshot is complete; one that failed is rolled back.

    A snapshot that is not complete at the deadline is kept, because its point in time does not
    come again.
    """
    began = time.monotonic()

    def look() -> InstanceSnapshot | None:
        snapshot = _find_snapshot(operation, provider)
        if snapshot is not None:
            return None if snapshot.state is SnapshotState.PENDING else snapshot
        if time.monotonic() - began > NEW_INSTANCE_SECONDS:
            raise NeverReached(f"The snapshot of {_title(operation)} no longer exists.")
        return None

    what = f"The snapshot of {_title(operation)} is not complete"
    try:
        snapshot = poll(look, what, deadline_seconds=wait_seconds(operation))
    except Timeout as error:
        if error.__cause__ is not None:
            raise
        raise NeverReached(
            error.message, hint="It is kept; `skyclust snapshot list` shows when it is available."
        ) from error
    detail = f"{snapshot.id}: {snapshot.native_state}"
    if snapshot.state is SnapshotState.AVAILABLE:
        return StepResult(step.outcome, detail=detail)
    failure = NeverReached(
        f"Snapshot {snapshot.id} of {_title(operation)} is {snapshot.native_state}."
    )
    return StepResult(Position.ROLLING_BACK, error=failure, detail=detail)


def _delete(step: Step, operation: Operation, provider: Provider) -> StepResult:
    snapshots = capability(provider, SnapshotProvider)
    if operation.kind == InstanceAction.SNAPSHOT:
        ids = [snapshot.id for snapshot in _left_to_delete(operation, provider)]
    else:
        ids = [required_text(operation, "snapshot_id")]
    for snapshot_id in ids:
        snapshots.delete_snapshot(instance_reference(operation), snapshot_id)
    return StepResult(step.outcome)


def _await_gone(step: Step, operation: Operation, provider: Provider) -> StepResult:
    def look() -> bool | None:
        return None if _left_to_delete(operation, provider) else True

    what = f"The end of a snapshot of {_title(operation)}"
    try:
        poll(look, what, deadline_seconds=wait_seconds(operation))
    except Timeout as error:
        if error.__cause__ is not None:
            raise
        raise NeverReached(error.message, hint=error.hint) from error
    return StepResult(step.outcome)


def _inspect(step: Step, operation: Operation, provider: Provider) -> StepResult:
    """Read the instance and the snapshot before either is changed."""
    instance = require_changeable(operation, provider)
    snapshots = capability(provider, SnapshotProvider)
    snapshot = snapshot_named(
        snapshots.list_snapshots(operation.region, instance.id),
        required_text(operation, "snapshot_id"),
        instance.name,
    )
    if snapshot.state is SnapshotState.PENDING:
        raise Conflict(
            f"Snapshot {snapshot.id} of {instance_title(operation)} is not complete yet.",
            provider=operation.provider,
        )
    if snapshot.state is not SnapshotState.AVAILABLE:
        raise NeverReached(
            f"Snapshot {snapshot.id} of {instance_title(operation)} is {snapshot.native_state}."
        )
    running = instance.state is InstanceState.RUNNING
    if running and snapshots.must_stop_to_restore(instance):
        return instance_result(InstancePosition.STOPPING, instance)
    return instance_result(InstancePosition.RESTORING, instance)


def _begin_restore(step: Step, operation: Operation, provider: Provider) -> StepResult:
    _continue_restore(operation, provider)
    return StepResult(step.outcome)


def _restore(step: Step, operation: Operation, provider: Provider) -> StepResult:
    """Call until all disks are replaced; at the deadline the recovery goes on with it."""

    def look() -> bool | None:
        return True if _continue_restore(operation, provider) else None

    try:
        poll(
            look,
            f"The restore of {instance_title(operation)}",
            deadline_seconds=wait_seconds(operation),
        )
    except Terminal as error:
        warning = "Its disks may be of two points in time: restore it again."
        error.hint = f"{error.hint} {warning}".strip()
        raise
    return StepResult(step.outcome)


def _continue_restore(operation: Operation, provider: Provider) -> bool:
    return capability(provider, SnapshotProvider).restore_snapshot(
        instance_reference(operation), required_text(operation, "snapshot_id"), operation.token
    )


def _list_snapshots(operation: Operation, provider: Provider) -> Sequence[InstanceSnapshot]:
    snapshots = capability(provider, SnapshotProvider)
    return snapshots.list_snapshots(operation.region, instance_id(operation))


def _find_snapshot(operation: Operation, provider: Provider) -> InstanceSnapshot | None:
    """Return the snapshot that has the operation's token, None when there is none."""
    snapshots = _list_snapshots(operation, provider)
    return next((each for each in snapshots if each.token == operation.token), None)


def _left_to_delete(operation: Operation, provider: Provider) -> list[InstanceSnapshot]:
    """Return the operation's snapshots that still exist; none when the instance is gone."""
    try:
        snapshots = _list_snapshots(operation, provider)
    except NotFound:
        return []
    if operation.kind == InstanceAction.SNAPSHOT:
        return [snapshot for snapshot in snapshots if snapshot.token == operation.token]
    snapshot_id = required_text(operation, "snapshot_id")
    return [snapshot for snapshot in snapshots if snapshot.id == snapshot_id]


def _title(operation: Operation) -> str:
    name = operation.request.get("snapshot")
    title = instance_title(operation)
    return f"{title} called {name!r}" if isinstance(name, str) else title


CREATE: Final = Action("take a snapshot of", _create)
DELETE: Final = Action("delete a snapshot of", _delete)
BEGIN_RESTORE: Final = Action("begin to restore", _begin_restore)
RESTORE: Final = Action("restore", _restore, waits=True, changes=False)
INSPECT: Final = Action("inspect a snapshot of", _inspect, changes=False)
AWAIT_AVAILABLE: Final = Action(
    "wait for the snapshot of", _await_available, waits=True, changes=False
)
AWAIT_GONE: Final = Action(
    "wait for the end of a snapshot of", _await_gone, waits=True, changes=False
)

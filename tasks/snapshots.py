"""What the steps of taking, restoring and deleting a machine's snapshots do at the cloud."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from skyclust.contract import ComputeProvider, Provider, SnapshotProvider
from skyclust.errors import (
    Conflict,
    InvalidRequest,
    NeverReached,
    NotFound,
    Terminal,
    Timeout,
)
from skyclust.model.instance import InstanceState
from skyclust.model.operation import Operation, OperationKind
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState
from skyclust.orchestration.credentials import open_provider
from skyclust.planning import wait_seconds
from skyclust.provider_errors import provider_errors
from skyclust.registry import capability
from skyclust.steps import Action, Position, Step
from skyclust.store.engine import open_store
from skyclust.waiting import poll
from tasks.accounts import Account
from tasks.machine import NEWBORN_SECONDS, usable
from tasks.machines import Machine
from tasks.outcome import Done, Perform, instance_id, named, reference, wanted
from tasks.retries import DELAYS, JITTER, RETRIES, on_transient


@task(
    name="find snapshot",
    task_run_name="find snapshot {wanted_name} of {machine.name}",
    retries=RETRIES,
    retry_delay_seconds=DELAYS,
    retry_jitter_factor=JITTER,
    retry_condition_fn=on_transient,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def find_snapshot(account: Account, machine: Machine, wanted_name: str) -> str:
    """Return the id of the machine's snapshot that has this id or name.

    Raises NotFound when there is none, InvalidRequest when several bear the name.
    """
    provider = open_provider(open_store(), account.workspace_id, account.credential)
    with provider_errors(provider.name, f"list the snapshots of machine {machine.id}"):
        known = capability(provider, SnapshotProvider).list_snapshots(machine.region, machine.id)
    return the_snapshot(known, wanted_name, machine.name or machine.id).id


def the_snapshot(
    known: Sequence[InstanceSnapshot], wanted_name: str, machine: str
) -> InstanceSnapshot:
    """Return the snapshot that an id or name means; raises NotFound or InvalidRequest."""
    meant = [one for one in known if one.id == wanted_name] or [
        one for one in known if one.name == wanted_name
    ]
    if not meant:
        raise NotFound(
            f"Machine {machine!r} has no snapshot {wanted_name!r}.",
            hint=f"`skyclust snapshot list {machine}` shows what there is.",
        )
    if len(meant) > 1:
        ids = ", ".join(one.id for one in meant[:5])
        raise InvalidRequest(
            f"{len(meant)} snapshots of machine {machine!r} are called {wanted_name!r}: {ids}.",
            hint="Say which one by its id.",
        )
    return meant[0]


def made_already(operation: Operation, provider: Provider) -> InstanceSnapshot | None:
    """Return the snapshot that an operation has made, None when there is none.

    Raises NotFound for a machine that is gone.
    """
    found = _snapshots(operation, provider)
    return next((one for one in found if one.token == operation.token), None)


def _take(step: Step, operation: Operation, provider: Provider) -> Done:
    made = capability(provider, SnapshotProvider).create_snapshot(
        reference(operation), wanted(operation, "snapshot"), operation.token
    )
    return Done(step.outcome, detail=f"{made.id}: {made.native_state}")


def _await_snapshot(step: Step, operation: Operation, provider: Provider) -> Done:
    """Wait until the snapshot is complete; one that broke leads back.

    One that is not complete at the deadline is kept, for its moment does not come again.
    """
    began = time.monotonic()

    def look() -> InstanceSnapshot | None:
        made = made_already(operation, provider)
        if made is not None:
            return None if made.state is SnapshotState.PENDING else made
        if time.monotonic() - began > NEWBORN_SECONDS:
            raise NeverReached(f"The snapshot of {_named(operation)} is gone.")
        return None

    what = f"The snapshot of {_named(operation)} is not complete"
    try:
        made = poll(look, what, deadline_seconds=wait_seconds(operation))
    except Timeout as error:
        if error.__cause__ is not None:
            raise
        raise NeverReached(
            error.message, hint="It is kept; `skyclust snapshot list` shows when it is available."
        ) from error
    detail = f"{made.id}: {made.native_state}"
    if made.state is SnapshotState.AVAILABLE:
        return Done(step.outcome, detail=detail)
    broken = NeverReached(f"Snapshot {made.id} of {_named(operation)} is {made.native_state}.")
    return Done(Position.UNDOING, error=broken, detail=detail)


def _delete(step: Step, operation: Operation, provider: Provider) -> Done:
    snapshots = capability(provider, SnapshotProvider)
    if operation.kind is OperationKind.SNAPSHOT:
        unwanted = [one.id for one in _unwanted(operation, provider)]
    else:
        unwanted = [wanted(operation, "snapshot_id")]
    for snapshot_id in unwanted:
        snapshots.delete_snapshot(reference(operation), snapshot_id)
    return Done(step.outcome)


def _await_gone(step: Step, operation: Operation, provider: Provider) -> Done:
    def look() -> bool | None:
        return None if _unwanted(operation, provider) else True

    what = f"The end of a snapshot of {_named(operation)}"
    try:
        poll(look, what, deadline_seconds=wait_seconds(operation))
    except Timeout as error:
        if error.__cause__ is not None:
            raise
        raise NeverReached(error.message, hint=error.hint) from error
    return Done(step.outcome)


def _inspect(step: Step, operation: Operation, provider: Provider) -> Done:
    """Look at the machine and the snapshot before either is touched."""
    instance = usable(operation, capability(provider, ComputeProvider))
    snapshots = capability(provider, SnapshotProvider)
    known = snapshots.list_snapshots(operation.region, instance.id)
    meant = the_snapshot(known, wanted(operation, "snapshot_id"), instance.name)
    if meant.state is SnapshotState.PENDING:
        raise Conflict(
            f"Snapshot {meant.id} of {named(operation)} is still being made.",
            provider=operation.provider,
        )
    if meant.state is not SnapshotState.AVAILABLE:
        raise NeverReached(f"Snapshot {meant.id} of {named(operation)} is {meant.native_state}.")
    running = instance.state is InstanceState.RUNNING
    if running and snapshots.must_stop_to_restore(instance):
        return Done(Position.STOPPING, instance)
    return Done(Position.REVERTING, instance)


def _begin(step: Step, operation: Operation, provider: Provider) -> Done:
    _bring_nearer(operation, provider)
    return Done(step.outcome)


def _restore(step: Step, operation: Operation, provider: Provider) -> Done:
    """Call until the disks are in their place; at the deadline the recovery goes on with it."""

    def look() -> bool | None:
        return True if _bring_nearer(operation, provider) else None

    try:
        poll(
            look,
            f"The restore of {named(operation)}",
            deadline_seconds=wait_seconds(operation),
        )
    except Terminal as error:
        error.hint = f"{error.hint} Its disks may be of two moments: restore it again.".strip()
        raise
    return Done(step.outcome)


def _bring_nearer(operation: Operation, provider: Provider) -> bool:
    return capability(provider, SnapshotProvider).restore_snapshot(
        reference(operation), wanted(operation, "snapshot_id"), operation.token
    )


def _snapshots(operation: Operation, provider: Provider) -> Sequence[InstanceSnapshot]:
    snapshots = capability(provider, SnapshotProvider)
    return snapshots.list_snapshots(operation.region, instance_id(operation))


def _unwanted(operation: Operation, provider: Provider) -> list[InstanceSnapshot]:
    """Return what of an operation's snapshot is still there; of a machine that is gone, nothing."""
    try:
        known = _snapshots(operation, provider)
    except NotFound:
        return []
    if operation.kind is OperationKind.SNAPSHOT:
        return [one for one in known if one.token == operation.token]
    meant = wanted(operation, "snapshot_id")
    return [one for one in known if one.id == meant]


def _named(operation: Operation) -> str:
    name = operation.request.get("snapshot")
    return f"{named(operation)} called {name!r}" if isinstance(name, str) else named(operation)


ON_SNAPSHOTS: Final[dict[Action, Perform]] = {
    Action.SNAPSHOT: _take,
    Action.AWAIT_SNAPSHOT: _await_snapshot,
    Action.DELETE_SNAPSHOT: _delete,
    Action.AWAIT_SNAPSHOT_GONE: _await_gone,
    Action.INSPECT_SNAPSHOT: _inspect,
    Action.BEGIN_RESTORE: _begin,
    Action.RESTORE: _restore,
}
"""What each step about snapshots does."""

"""Writing the journal: every line fenced by its epoch, the last one with its consequences."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from skyclust.errors import Fenced, InvalidRequest, NotFound, SkyClustError, tree_class
from skyclust.model.operation import Operation, OperationState
from skyclust.model.resource import ResourceKind, instance_resource
from skyclust.orchestration import events
from skyclust.orchestration.dispatch import try_to_send
from skyclust.orchestration.trail import audit_operation
from skyclust.planning import next_attempts, successor_id
from skyclust.steps import Position
from skyclust.store import credentials, operations, resources
from skyclust.store.engine import Store, open_store
from skyclust.store.operations import NewOperation
from tasks.outcome import Done

if TYPE_CHECKING:
    from sqlalchemy import Connection


@task(
    name="journal operations",
    task_run_name="journal the operations of {workspace_id}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def journal_operations(workspace_id: str, planned: Sequence[NewOperation]) -> list[Operation]:
    """Write all operations to the journal in one transaction, before any cloud is called.

    Those that an earlier attempt of this flow run has written are taken over from it, so
    that the earlier attempt, should it still be alive somewhere, is fenced off. Where one
    has been followed by a try in another place, that one is returned in its stead.
    """
    run_id = current_run()
    store = open_store()

    def journal(connection: Connection) -> list[Operation]:
        needed = [new.credential for new in planned]
        credentials.hold_all(connection, workspace_id, shared=(), alone=needed)
        known = {new.id for new in planned if _found(connection, workspace_id, new.id)}
        journalled = operations.journal(connection, workspace_id, planned, run_id=run_id)
        owned = [
            _taken_over(connection, operation, run_id) if operation.id in known else operation
            for operation in journalled
        ]
        _tell(connection, requested=[one for one in journalled if one.id not in known])
        return owned

    owned = store.write(journal)
    try_to_send(store)
    return owned


def _taken_over(connection: Connection, first: Operation, run_id: str) -> Operation:
    """Return the last try of an operation, as this run's own unless it has ended."""
    last = _chain(connection, first)[-1]
    if not last.state.carried_on:
        return last
    try:
        return operations.take_over(
            connection, last.workspace_id, last.id, last.epoch, run_id=run_id
        )
    except InvalidRequest:  # it has ended since it was read: look once more
        return _taken_over(
            connection, operations.get(connection, last.workspace_id, last.id), run_id
        )


def attempts(store: Store, operation: Operation) -> list[Operation]:
    """Return an operation as it stands, and after it the ones that tried other places for it."""
    with store.reading() as connection:
        return _chain(connection, operations.get(connection, operation.workspace_id, operation.id))


def _chain(connection: Connection, first: Operation) -> list[Operation]:
    chain = [first]
    while following := _found(connection, first.workspace_id, successor_id(chain[-1].id)):
        chain.append(following)
    return chain


def _found(connection: Connection, workspace_id: str, operation_id: str) -> Operation | None:
    try:
        return operations.get(connection, workspace_id, operation_id)
    except NotFound:
        return None


def as_stored(store: Store, operation: Operation) -> Operation:
    """Return the operation as it stands; raises Fenced when it is another run's by now."""
    with store.reading() as connection:
        stored = operations.get(connection, operation.workspace_id, operation.id)
    if stored.epoch != operation.epoch:
        raise Fenced(
            f"Operation {operation.id} was taken over by run {stored.run_id}"
            f" (epoch {stored.epoch}, ours was {operation.epoch})."
        )
    return stored


def begin(store: Store, operation: Operation) -> Operation:
    """Count one more attempt of the present step, before the cloud is called."""
    return store.write(
        lambda connection: operations.begin_attempt(
            connection, operation.workspace_id, operation.id, operation.epoch
        )
    )


def advance(
    store: Store, operation: Operation, done: Done, *, attempts: int | None = None
) -> Operation:
    """Write a line of the journal; the last one together with inventory, audit, and the
    operation that tries another place where this one had no room. `attempts` of the step stay
    when None.
    """
    instance = done.instance
    state = done.position.state

    def write(connection: Connection) -> Operation:
        if state.final:
            _hold_credentials(connection, operation, done)
            # Its end takes the user data out of it, which the next try still needs.
            before = operations.hold(connection, operation.workspace_id, operation.id)
        after = operations.advance(
            connection,
            operation.workspace_id,
            operation.id,
            operation.epoch,
            step=done.position,
            state=state,
            instance=instance.reference if instance else None,
            error=done.error,
            attempts=attempts,
            detail=done.detail or (instance.native_state if instance else ""),
        )
        if state.final:
            asked = after.model_copy(update={"request": before.request})
            following = _try_elsewhere(connection, asked)
            _remember(connection, operation, after, done)
            _tell(connection, ended=[after], requested=following)
        return after

    after = store.write(write)
    if state.final:
        try_to_send(store)
    return after


def _hold_credentials(connection: Connection, operation: Operation, done: Done) -> None:
    """Hold the credentials that the end of an operation needs, before any row of operations.

    Those of the next attempts are held alone, as whoever journals an operation holds them.
    """
    ended = operation.model_copy(
        update={
            "state": done.position.state,
            "error_class": tree_class(done.error).__name__ if done.error else operation.error_class,
        }
    )
    credentials.hold_all(
        connection,
        operation.workspace_id,
        shared=[operation.credential],
        alone=[planned.credential for planned in next_attempts(ended)],
    )


def _try_elsewhere(connection: Connection, ended: Operation) -> list[Operation]:
    """Journal the next attempt of a machine that found no room, if there is one to make."""
    for planned in next_attempts(ended):
        with suppress(NotFound):  # its credential was removed since the places were ranked
            return operations.journal(
                connection, ended.workspace_id, [planned], run_id=ended.run_id
            )
    return []


def _tell(
    connection: Connection, *, ended: Sequence[Operation] = (), requested: Sequence[Operation] = ()
) -> None:
    """Tell what happened to operations: as events first, and last of all in the audit trail."""
    events.operations_ended(connection, ended)
    events.operations_requested(connection, requested)
    for operation in ended:
        audit_operation(connection, operation, operation.state.value)
    for operation in requested:
        audit_operation(connection, operation, "requested")


def note(
    store: Store, operation: Operation, error: SkyClustError, position: Position | None = None
) -> Operation:
    """Write why an attempt failed that leaves the operation open, at its line or another one."""
    return store.write(
        lambda connection: operations.advance(
            connection,
            operation.workspace_id,
            operation.id,
            operation.epoch,
            step=position or operation.step,
            state=position.state if position else None,
            error=error,
            detail=f"attempt {operation.attempts}: {type(error).__name__}: {error.message}",
        )
    )


def park(store: Store, operation: Operation, why: str) -> Operation:
    """Let an operation wait for a person; its step stays, and so does its last error."""

    def write(connection: Connection) -> Operation:
        parked = operations.advance(
            connection,
            operation.workspace_id,
            operation.id,
            operation.epoch,
            step=operation.step,
            state=OperationState.NEEDS_ATTENTION,
            detail=why,
        )
        events.operation_needs_attention(connection, parked)
        audit_operation(connection, parked, parked.state.value, why=why)
        return parked

    parked = store.write(write)
    try_to_send(store)
    return parked


def _remember(connection: Connection, before: Operation, after: Operation, done: Done) -> None:
    """Bring the inventory in line with how an operation ended."""
    seen = [instance_resource(done.instance)] if done.instance else []
    seen += [done.disk] if done.disk else []
    for resource in sorted(seen, key=lambda one: (one.region, one.kind)):
        resources.record(
            connection, after.workspace_id, after.credential, resource, run_id=current_run()
        )
    if not seen and before.step in {Position.GONE, Position.REMOVED} and after.instance_id:
        resources.forget(
            connection,
            after.workspace_id,
            after.credential,
            after.region,
            ResourceKind.INSTANCE,
            after.instance_id,
            run_id=current_run(),
        )


def current_run() -> str:
    """Return the id of the flow run that this is called in."""
    return str(flow_run.id)

"""Writing the journal: every line fenced by its epoch, the last one with its consequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from skyclust import audit
from skyclust.errors import Fenced, NotFound, SkyClustError
from skyclust.model.operation import Operation
from skyclust.model.resource import ResourceKind, instance_resource
from skyclust.orchestration import events
from skyclust.orchestration.actor import current_actor
from skyclust.planning import next_attempts, successor_id
from skyclust.steps import Position
from skyclust.store import operations, resources
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
    with open_store().writing() as connection:
        known = {new.id for new in planned if _found(connection, workspace_id, new.id)}
        journalled = operations.journal(connection, workspace_id, planned, run_id=run_id)
        for operation in journalled:
            if operation.id not in known:
                _audit(connection, operation, "requested")
        standing = [_chain(connection, operation)[-1] for operation in journalled]
        return [
            operations.take_over(
                connection, workspace_id, operation.id, operation.epoch, run_id=run_id
            )
            if first.id in known and not operation.state.final
            else operation
            for first, operation in zip(journalled, standing, strict=True)
        ]


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


def advance(store: Store, operation: Operation, done: Done) -> Operation:
    """Write a line of the journal; the last one together with inventory, audit, and the
    operation that tries another place where this one had no room.
    """
    instance = done.instance
    state = done.position.state
    with store.writing() as connection:
        after = operations.advance(
            connection,
            operation.workspace_id,
            operation.id,
            operation.epoch,
            step=done.position,
            state=state,
            instance_id=instance.id if instance else None,
            error=done.error,
            detail=done.detail or (instance.native_state if instance else ""),
        )
        if state.final:
            _remember(connection, operation, after, done)
            _audit(connection, after, state.value)
            _try_elsewhere(connection, after)
    if done.position is Position.SUCCEEDED:
        events.instance_changed(after)
    return after


def _try_elsewhere(connection: Connection, ended: Operation) -> None:
    """Journal the next attempt of a machine that found no room, if there is one to make."""
    for planned in next_attempts(ended):
        try:
            [journalled] = operations.journal(
                connection, ended.workspace_id, [planned], run_id=ended.run_id
            )
        except NotFound:  # its credential was removed since the places were ranked
            continue
        _audit(connection, journalled, "requested")
        return


def note(store: Store, operation: Operation, error: SkyClustError) -> None:
    """Write why an operation stays open where it is."""
    with store.writing() as connection:
        operations.advance(
            connection,
            operation.workspace_id,
            operation.id,
            operation.epoch,
            step=operation.step,
            error=error,
        )


def _remember(connection: Connection, before: Operation, after: Operation, done: Done) -> None:
    """Bring the inventory in line with how an operation ended."""
    seen = [instance_resource(done.instance)] if done.instance else []
    seen += [done.disk] if done.disk else []
    for resource in seen:
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


def _audit(connection: Connection, operation: Operation, outcome: str) -> None:
    audit.append(
        connection,
        operation.workspace_id,
        actor=current_actor(),
        action=f"instance.{operation.kind}.{outcome}",
        object=f"operation/{operation.id}",
        detail={
            "credential": operation.credential,
            "region": operation.region,
            "instance_id": operation.instance_id,
            "instance_name": operation.instance_name,
            "error": operation.error,
        },
    )


def current_run() -> str:
    """Return the id of the flow run that this is called in."""
    return str(flow_run.id)

"""Writing the journal: every line is fenced by its epoch, the last has consequences beside it.

What follows from the end of an operation (its event, its audit line, the inventory's record of
its subject, its successor) is written in the transaction that ends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from skyclust.errors import Fenced, InvalidRequest, NotFound, SkyClustError, tree_class
from skyclust.model.operation import NewOperation, Operation, OperationState
from skyclust.operations import events
from skyclust.operations.audit_trail import audit_operation
from skyclust.operations.execution import Execution
from skyclust.operations.identifiers import successor_id
from skyclust.operations.position import state_at
from skyclust.operations.step_result import StepResult
from skyclust.operations.subjects import subject_of
from skyclust.store import credentials, operations, resources, workspaces
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


def journal_all(
    execution: Execution, workspace_id: str, planned: Sequence[NewOperation]
) -> list[Operation]:
    """Write all operations to the journal in one transaction, before any cloud is called.

    Those that an earlier attempt of this flow run has written are taken over from it, so
    that the earlier attempt, should it still be alive somewhere, is fenced off. Where an
    operation has a successor, its last successor is returned in its place. Raises what the
    subjects of new operations raise to refuse them (`Subject.refuse`).
    """
    requested = [new.model_copy(update={"requested_by": execution.requested_by}) for new in planned]

    def journal(connection: Connection) -> list[Operation]:
        # Alone: of two requests at once the second sees what the first has journalled.
        workspaces.hold(connection, workspace_id, alone=True)
        needed = [new.credential for new in requested]
        credentials.hold_all(connection, workspace_id, shared=(), alone=needed)
        known = {new.id for new in requested if _find(connection, workspace_id, new.id)}
        _refuse_new(connection, workspace_id, [new for new in requested if new.id not in known])
        journalled = operations.journal(
            connection, workspace_id, requested, run_id=execution.run_id
        )
        owned = [
            _taken_over(connection, operation, execution.run_id)
            if operation.id in known
            else operation
            for operation in journalled
        ]
        added = [operation for operation in journalled if operation.id not in known]
        _announce(connection, execution.actor, requested=added)
        return owned

    return execution.store.write(journal)


def attempts(store: Store, operation: Operation) -> list[Operation]:
    """Return an operation as it is in the store, followed by its successors in order."""
    with store.reading() as connection:
        return _chain(connection, operations.get(connection, operation.workspace_id, operation.id))


def as_stored(store: Store, operation: Operation) -> Operation:
    """Return the operation as it is in the store; raises Fenced when another run owns it."""
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
    execution: Execution,
    operation: Operation,
    result: StepResult,
    *,
    step_attempts: int | None = None,
) -> Operation:
    """Write a line of the journal, and with the last line its consequences.

    `step_attempts` is the new number of attempts of the step, None to keep it.
    """
    state = state_at(result.position)

    def write(connection: Connection) -> Operation:
        if state.final:
            _hold_credentials(connection, operation, result)
            # The end removes the user data, which the successor still needs.
            before = operations.hold(connection, operation.workspace_id, operation.id)
        after = operations.advance(
            connection,
            operation.workspace_id,
            operation.id,
            operation.epoch,
            step=result.position,
            state=state,
            subject_id=result.subject.id if result.subject else None,
            subject_unique_id=result.subject.unique_id if result.subject else None,
            error=result.error,
            attempts=step_attempts,
            detail=result.detail,
        )
        if state.final:
            ended = after.model_copy(update={"request": before.request})
            following = _journal_successor(connection, ended)
            _record_resources(connection, before, after, result, execution.run_id)
            _announce(connection, execution.actor, ended=[after], requested=following)
        return after

    return execution.store.write(write)


def note(
    store: Store, operation: Operation, error: SkyClustError, position: str | None = None
) -> Operation:
    """Write why an attempt failed that leaves the operation open, at its position or a new one."""
    return store.write(
        lambda connection: operations.advance(
            connection,
            operation.workspace_id,
            operation.id,
            operation.epoch,
            step=position or operation.step,
            state=state_at(position) if position else None,
            error=error,
            detail=f"attempt {operation.attempts}: {type(error).__name__}: {error.message}",
        )
    )


def pause(execution: Execution, operation: Operation, reason: str) -> Operation:
    """Pause an operation until a person decides, and return it."""

    def write(connection: Connection) -> Operation:
        paused = operations.advance(
            connection,
            operation.workspace_id,
            operation.id,
            operation.epoch,
            step=operation.step,
            state=OperationState.NEEDS_ATTENTION,
            detail=reason,
        )
        events.operation_needs_attention(connection, paused)
        audit_operation(connection, paused, paused.state.value, actor=execution.actor, why=reason)
        return paused

    return execution.store.write(write)


def _refuse_new(connection: Connection, workspace_id: str, added: Sequence[NewOperation]) -> None:
    """Raise the error with which a subject refuses new operations, if one does."""
    by_kind = {new.subject_kind: subject_of(new) for new in added}
    for kind, subject in sorted(by_kind.items()):
        subject.refuse(connection, workspace_id, [new for new in added if new.subject_kind == kind])


def _taken_over(connection: Connection, first: Operation, run_id: str) -> Operation:
    """Return the last successor of an operation, owned by this run unless it has ended."""
    last = _chain(connection, first)[-1]
    if not last.state.carried_on:
        return last
    try:
        return operations.take_over(
            connection, last.workspace_id, last.id, last.epoch, run_id=run_id
        )
    except InvalidRequest:  # it has ended since it was read
        return _taken_over(
            connection, operations.get(connection, last.workspace_id, last.id), run_id
        )


def _chain(connection: Connection, first: Operation) -> list[Operation]:
    chain = [first]
    while following := _find(connection, first.workspace_id, successor_id(chain[-1].id)):
        chain.append(following)
    return chain


def _find(connection: Connection, workspace_id: str, operation_id: str) -> Operation | None:
    try:
        return operations.get(connection, workspace_id, operation_id)
    except NotFound:
        return None


def _hold_credentials(connection: Connection, operation: Operation, result: StepResult) -> None:
    """Lock the credentials that the end of an operation needs, before any row of operations.

    Those of possible successors are locked exclusively, as for journalling an operation.
    """
    error_class = tree_class(result.error).__name__ if result.error else operation.error_class
    ended = operation.model_copy(
        update={"state": state_at(result.position), "error_class": error_class}
    )
    credentials.hold_all(
        connection,
        operation.workspace_id,
        shared=[operation.credential],
        alone=[new.credential for new in subject_of(ended).successors(ended)],
    )


def _journal_successor(connection: Connection, ended: Operation) -> list[Operation]:
    """Journal the operation that follows an ended one, if there is one."""
    for new in subject_of(ended).successors(ended):
        with suppress(NotFound):  # its credential was removed in the meantime
            return operations.journal(connection, ended.workspace_id, [new], run_id=ended.run_id)
    return []


def _record_resources(
    connection: Connection,
    before: Operation,
    after: Operation,
    result: StepResult,
    run_id: str,
) -> None:
    """Bring the inventory in line with the end of an operation."""
    for resource in sorted(result.resources, key=lambda each: (each.region, each.kind)):
        resources.record(connection, after.workspace_id, after.credential, resource, run_id=run_id)
    subject = subject_of(after)
    removed = result.removed or (not result.resources and before.step in subject.removed_at)
    if removed and subject.resource_kind is not None and after.subject_id:
        resources.forget(
            connection,
            after.workspace_id,
            after.credential,
            after.region,
            subject.resource_kind,
            after.subject_id,
            run_id=run_id,
        )


def _announce(
    connection: Connection,
    actor: str,
    *,
    ended: Sequence[Operation] = (),
    requested: Sequence[Operation] = (),
) -> None:
    """Write the events of operations, and last their lines in the audit trail."""
    events.operations_ended(connection, ended)
    events.operations_requested(connection, requested)
    for operation in ended:
        audit_operation(connection, operation, operation.state.value, actor=actor)
    for operation in requested:
        audit_operation(connection, operation, "requested", actor=actor)

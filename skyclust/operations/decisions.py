"""The decisions of people about an operation: resume it, cancel it, abandon it.

Each decision is written with an audit line of who made it. None of them calls a cloud: a
living run reads the journal at its next step, and the recovery does the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.operation import Operation, OperationState
from skyclust.operations import events
from skyclust.operations.audit_trail import audit_operation
from skyclust.operations.identifiers import successor_id
from skyclust.operations.position import state_at
from skyclust.operations.subjects import subject_of
from skyclust.store import credentials, interventions, operations
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


def resume_operation(
    store: Store, workspace_id: str, operation_id: str, *, actor: str
) -> Operation:
    """Let the recovery carry on an operation that waits for a person, and return it.

    Raises NotFound when its credential was removed, or another credential has its name by now;
    InvalidRequest for an operation that does not wait.
    """

    def resume(connection: Connection) -> Operation:
        operation = operations.get(connection, workspace_id, operation_id)
        resumed = _resumed(connection, operation, actor)
        audit_operation(connection, resumed, "retried", actor=actor)
        return resumed

    return store.write(resume)


def cancel_operation(
    store: Store, workspace_id: str, operation_id: str, *, keep: bool, actor: str
) -> Operation:
    """Write the request to cancel an operation, and return the operation.

    What it has begun is rolled back; with `keep` it is completed. An operation that waits for a
    person is resumed for that. Raises NotFound as `resume_operation` does, and InvalidRequest
    for an operation that has ended.
    """

    def cancel(connection: Connection) -> Operation:
        operation = operations.get(connection, workspace_id, operation_id)
        if operation.state.final:
            raise _has_ended(connection, operation)
        if operation.state is OperationState.NEEDS_ATTENTION:
            operation = _resumed(connection, operation, actor)
        return request_cancel(connection, operation, keep=keep, by=actor, actor=actor)

    return store.write(cancel)


def request_cancel(
    connection: Connection, operation: Operation, *, keep: bool, by: str, actor: str
) -> Operation:
    """Write the request to cancel and its audit line; `by` cancels, `actor` writes it down."""
    requested = interventions.request_cancel(
        connection, operation.workspace_id, operation.id, by=by, keep=keep
    )
    audit_operation(connection, requested, "cancel-requested", actor=actor, by=by, keep=keep)
    return requested


def open_operation(store: Store, workspace_id: str, operation_id: str) -> Operation:
    """Return an operation that has not ended; raises InvalidRequest for one that has."""
    with store.reading() as connection:
        operation = operations.get(connection, workspace_id, operation_id)
        if operation.state.final:
            raise _has_ended(connection, operation)
    return operation


def abandon_operation(store: Store, operation: Operation, *, reason: str, actor: str) -> Operation:
    """End an operation at its position, whatever the cloud has of it, and return it.

    A run that works on it is fenced off at its next write. Raises Fenced when the operation has
    another epoch by now, InvalidRequest when it has ended.
    """

    def abandon(connection: Connection) -> Operation:
        abandoned = interventions.abandon(
            connection,
            operation.workspace_id,
            operation.id,
            operation.epoch,
            by=actor,
            reason=reason,
        )
        left = subject_of(abandoned).what_may_be_left(abandoned)
        events.operations_ended(connection, [abandoned])
        audit_operation(
            connection, abandoned, "abandoned", actor=actor, reason=reason, may_be_left=left
        )
        return abandoned

    return store.write(abandon)


def _resumed(connection: Connection, operation: Operation, actor: str) -> Operation:
    if operation.state is OperationState.NEEDS_ATTENTION:
        _hold_credential(connection, operation)
    return interventions.resume(
        connection,
        operation.workspace_id,
        operation.id,
        operation.epoch,
        state=state_at(operation.step),
        by=actor,
    )


def _hold_credential(connection: Connection, operation: Operation) -> None:
    """Lock the credential; raises NotFound when it is not the one of the request."""
    hint = f"End it with `skyclust operation abandon {operation.id} --reason ...`."
    try:
        credential = credentials.hold(connection, operation.workspace_id, operation.credential)
    except NotFound as error:
        raise NotFound(error.message, hint=hint) from error
    if credential.created_at > operation.created_at:
        raise NotFound(
            f"Credential {operation.credential!r} was removed and added again since operation"
            f" {operation.id} was requested: it may be of another account.",
            hint=hint,
        )


def _has_ended(connection: Connection, operation: Operation) -> InvalidRequest:
    hint = ""
    try:
        following = operations.get(connection, operation.workspace_id, successor_id(operation.id))
        hint = f"Operation {following.id} tries another place in its stead: {following.state}."
    except NotFound:
        pass
    return InvalidRequest(
        f"Operation {operation.id} has ended: it is {operation.state}.", hint=hint
    )

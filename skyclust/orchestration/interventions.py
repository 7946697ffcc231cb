"""What people decide about an operation: to try it again, to cancel it, to abandon it.

Each decision is written with an audit entry of who made it. None of them calls a cloud: a
living run reads the journal at its next step, and the recovery does the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.leftovers import what_may_be_left
from skyclust.model.operation import Operation, OperationState
from skyclust.orchestration import events
from skyclust.orchestration.actor import current_actor
from skyclust.orchestration.dispatch import try_to_send
from skyclust.orchestration.liveness import liveness
from skyclust.orchestration.trail import audit_operation
from skyclust.paths import Position
from skyclust.planning import successor_id
from skyclust.store import credentials, interventions, operations
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


def retry_operation(store: Store, workspace_id: str, operation_id: str) -> Operation:
    """Let the recovery carry on an operation that waits for a person, and return it.

    Raises NotFound when its credential is gone, or another one has its name by now;
    InvalidRequest for an operation that does not wait.
    """

    def retry(connection: Connection) -> Operation:
        operation = operations.get(connection, workspace_id, operation_id)
        resumed = _resumed(connection, operation)
        audit_operation(connection, resumed, "retried")
        return resumed

    return store.write(retry)


def cancel_operation(
    store: Store, workspace_id: str, operation_id: str, *, keep: bool
) -> Operation:
    """Write that an operation is not wanted any more, and return it.

    What it has begun is undone; with `keep` it is brought to its end. One that waits for a
    person is resumed for that. Raises NotFound as `retry_operation` does, and InvalidRequest
    for an operation that has ended.
    """

    def cancel(connection: Connection) -> Operation:
        operation = operations.get(connection, workspace_id, operation_id)
        if operation.state.final:
            raise _has_ended(connection, operation)
        if operation.state is OperationState.NEEDS_ATTENTION:
            operation = _resumed(connection, operation)
        asked = interventions.request_cancel(
            connection, workspace_id, operation_id, by=current_actor(), keep=keep
        )
        audit_operation(connection, asked, "cancel-requested", keep=keep)
        return asked

    return store.write(cancel)


def abandon_operation(
    store: Store, workspace_id: str, operation_id: str, *, reason: str, force: bool
) -> Operation:
    """End an operation where it stands, whatever the cloud has of it, and return it.

    Raises Conflict while a run works on it, unless `force`: then the run is fenced off at its
    next write. InvalidRequest for an operation that has ended, NotFound when there is none.
    """
    with store.reading() as connection:
        operation = operations.get(connection, workspace_id, operation_id)
        if operation.state.final:
            raise _has_ended(connection, operation)
    if not force and has_living_run(operation):
        raise Conflict(
            f"Operation {operation.id} is being worked on by flow run {operation.run_id}.",
            hint=f"Cancel it: `skyclust operation cancel {operation.id}`. Or abandon it with"
            " --force: the run is fenced off, and may make the call that it is making.",
        )

    def abandon(connection: Connection) -> Operation:
        abandoned = interventions.abandon(
            connection,
            workspace_id,
            operation_id,
            operation.epoch,
            by=current_actor(),
            reason=reason,
        )
        left = what_may_be_left(abandoned)
        events.operations_ended(connection, [abandoned])
        audit_operation(connection, abandoned, "abandoned", reason=reason, may_be_left=left)
        return abandoned

    abandoned = store.write(abandon)
    try_to_send(store)
    return abandoned


def has_living_run(operation: Operation) -> bool:
    """Return whether a flow run works on an operation, by asking the Prefect server."""
    run_id = operation.run_id
    if run_id is None or not operation.state.carried_on:
        return False
    return liveness([run_id])[run_id].at_work


def _resumed(connection: Connection, operation: Operation) -> Operation:
    if operation.state is OperationState.NEEDS_ATTENTION:
        _hold_credential(connection, operation)
    known = operation.step in set(Position)
    state = Position(operation.step).state if known else OperationState.RUNNING
    return interventions.resume(
        connection,
        operation.workspace_id,
        operation.id,
        operation.epoch,
        state=state,
        by=current_actor(),
    )


def _hold_credential(connection: Connection, operation: Operation) -> None:
    """Keep the credential from being removed; raises NotFound when it is not the one of old."""
    hint = f"End it with `skyclust operation abandon {operation.id} --reason ...`."
    try:
        found = credentials.hold(connection, operation.workspace_id, operation.credential)
    except NotFound as error:
        raise NotFound(error.message, hint=hint) from error
    if found.created_at > operation.created_at:
        raise NotFound(
            f"Credential {operation.credential!r} was removed and added anew since operation"
            f" {operation.id} was asked for: it may be of another account.",
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

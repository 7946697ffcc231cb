"""Decisions about operations, made by whoever runs this process, checked against Prefect."""

from __future__ import annotations

from skyclust.errors import Conflict
from skyclust.model.operation import Operation
from skyclust.operations import decisions
from skyclust.orchestration.actor import current_actor
from skyclust.orchestration.dispatch import try_to_send
from skyclust.orchestration.run_liveness import liveness
from skyclust.store.engine import Store


def resume_operation(store: Store, workspace_id: str, operation_id: str) -> Operation:
    """Let the recovery carry on an operation that waits for a person, and return it.

    Raises as `skyclust.operations.decisions.resume_operation`.
    """
    return decisions.resume_operation(store, workspace_id, operation_id, actor=current_actor())


def cancel_operation(
    store: Store, workspace_id: str, operation_id: str, *, keep: bool
) -> Operation:
    """Write the request to cancel an operation, and return the operation.

    Raises as `skyclust.operations.decisions.cancel_operation`.
    """
    return decisions.cancel_operation(
        store, workspace_id, operation_id, keep=keep, actor=current_actor()
    )


def abandon_operation(
    store: Store, workspace_id: str, operation_id: str, *, reason: str, force: bool
) -> Operation:
    """End an operation at its position, whatever the cloud has of it, and return it.

    Raises Conflict while a run works on it, unless `force`: then the run is fenced off at its
    next write. InvalidRequest for an operation that has ended, NotFound for an unknown one.
    """
    operation = decisions.open_operation(store, workspace_id, operation_id)
    if not force and has_living_run(operation):
        raise Conflict(
            f"Operation {operation.id} is being worked on by flow run {operation.run_id}.",
            hint=f"Cancel it: `skyclust operation cancel {operation.id}`. Or abandon it with"
            " --force: the run is fenced off, and may make the call that it is making.",
        )
    abandoned = decisions.abandon_operation(store, operation, reason=reason, actor=current_actor())
    try_to_send(store)
    return abandoned


def has_living_run(operation: Operation) -> bool:
    """Return whether a flow run works on an operation, as the Prefect server knows it."""
    run_id = operation.run_id
    if run_id is None or not operation.state.carried_on:
        return False
    return liveness([run_id])[run_id].at_work

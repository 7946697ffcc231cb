"""One attempt of an operation's next step, and what follows when it could not be done.

What is intended is written before the cloud is called, what came of it after, and so is each
attempt that failed: the journal has the reason of everything that it leaves open.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from skyclust.bounds import exceeded, load_bounds
from skyclust.cancelling import after_cancel, cancel_error
from skyclust.contract import ComputeProvider, Provider
from skyclust.errors import (
    Cancelled,
    ConfigurationError,
    Fenced,
    SkyClustError,
    Transient,
    internal_error,
)
from skyclust.model.operation import Operation, OperationKind
from skyclust.orchestration.credentials import open_provider
from skyclust.orchestration.limits import credential_slot
from skyclust.registry import capability
from skyclust.steps import Position, Step, after_attempt, after_error, next_step
from skyclust.store.engine import Store, open_store
from skyclust.store.types import now
from tasks.journal import advance, as_stored, begin, note, park
from tasks.outcome import Done, place
from tasks.performing import perform
from tasks.retries import DELAYS, JITTER, RETRIES, on_transient
from tasks.snapshots import made_already


def _step_name(parameters: dict[str, Any]) -> str:
    """Return what the step does, to which machine and where, for a task run's name."""
    operation: Operation = parameters["operation"]
    try:
        step = next_step(operation)
    except ConfigurationError:  # the step itself will say so, in the journal too
        return f"unknown step of {place(operation)}"
    return f"{step.action if step else 'nothing for'} {place(operation)}"


@task(
    name="take step",
    task_run_name=_step_name,  # type: ignore[arg-type]  # its protocol asks for a classmethod
    retries=RETRIES,
    retry_delay_seconds=DELAYS,
    retry_jitter_factor=JITTER,
    retry_condition_fn=on_transient,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def take_step(operation: Operation) -> Operation:
    """Do the next step of an operation and return the operation as journalled after it.

    What to do is read from the store, not from the argument: a retry begins where the
    attempt before it stopped. One that somebody does not want any more turns back where it
    can. Raises Fenced when another run has taken the operation over, and Cancelled when that
    ends a wait.
    """
    store = open_store()
    current = as_stored(store, operation)
    turned = after_cancel(current)
    if turned is not None:
        return _turned_back(store, current, turned)
    step = next_step(current)
    if step is None:
        return current
    try:
        with _slot(step, current):
            # The slot may have been waited for: it may be cancelled or taken over by now.
            current = as_stored(store, operation)
            if after_cancel(current) is not None or next_step(current) != step:
                return current
            current = _begun(store, current, step)
            done = perform(step, current, provider_of(store, current))
    except Transient as error:
        position = after_attempt(current, error)
        note(store, current, error, position)
        raise
    return advance(store, current, done, attempts=0)


# A wait rides out Transient errors by itself, until its own deadline.
take_waiting_step = take_step.with_options(retries=0)


def next_task(operation: Operation) -> Any:
    """Return the task that takes an operation's next step; raises as `next_step` does."""
    step = next_step(operation)
    return take_waiting_step if step is not None and step.action.waits else take_step


def settle(before: Operation, error: Exception) -> Operation:
    """Write what follows from an error, and return the operation; it may be at its end.

    Raises the error when the operation has to stay open as it is; one that was tried too
    often is parked. An exception from outside the error tree is raised as InternalError.
    """
    if isinstance(error, Fenced):
        raise error
    reason = error if isinstance(error, SkyClustError) else internal_error(error)
    store = open_store()
    current = as_stored(store, before)
    position = _follows(store, before, current, reason)
    if position is None and isinstance(reason, Cancelled):
        return current  # what has begun is to be kept after all
    if isinstance(position, Done):
        return advance(store, current, position)
    if position is not None:
        get_run_logger().warning("%s: %s", place(current), reason)
        return advance(store, current, Done(position, error=reason), attempts=0)
    if not isinstance(reason, Transient):  # those were written down attempt by attempt
        note(store, current, reason)
    beyond = exceeded(current, load_bounds(), now())
    if beyond:
        park(store, current, beyond)
    if reason is error:
        raise reason
    raise reason from error


def _follows(
    store: Store, before: Operation, current: Operation, error: SkyClustError
) -> Position | Done | None:
    """Return the line that follows an error; None leaves the operation open."""
    if isinstance(error, Cancelled):
        return after_cancel(current)
    first_call = before.step == Position.JOURNALLED and current.step == Position.REQUESTED
    position = after_error(current, error, first_call=first_call)
    if position is not Position.FAILED or not _may_have_made_one(current):
        return position
    try:
        made = _made_already(store, current)
    except Exception as trouble:  # whatever it is, it is not known that nothing was made
        get_run_logger().warning("%s: %s", place(current), trouble)
        return Position.FAILED if first_call else None
    return made or position


def _turned_back(store: Store, current: Operation, position: Position) -> Operation:
    error = cancel_error(current)
    get_run_logger().warning("%s: %s", place(current), error)
    return advance(store, current, Done(position, error=error), attempts=0)


def _begun(store: Store, current: Operation, step: Step) -> Operation:
    """Write that the step is begun, before the cloud is called."""
    if step.intent is None:
        return begin(store, current)
    return advance(store, current, Done(step.intent), attempts=current.attempts + 1)


@contextmanager
def _slot(step: Step, operation: Operation) -> Iterator[None]:
    """Hold a slot of the credential while the cloud is asked for a change, not through waits."""
    if not step.action.changes:
        yield
        return
    with credential_slot(operation.workspace_id, operation.credential):
        yield


def _may_have_made_one(operation: Operation) -> bool:
    """Return whether there may be what the cloud refused to make just now."""
    asked = operation.step in {Position.REQUESTED, Position.UNCERTAIN}
    return asked and operation.kind in {OperationKind.CREATE, OperationKind.SNAPSHOT}


def _made_already(store: Store, operation: Operation) -> Done | None:
    """Return the operation as accepted when its machine or its snapshot exists."""
    provider = provider_of(store, operation)
    if operation.kind is OperationKind.SNAPSHOT:
        made = made_already(operation, provider)
        return Done(Position.ACCEPTED, detail=made.id) if made else None
    compute = capability(provider, ComputeProvider)
    found = compute.find_instances(operation.region, operation.token)
    return Done(Position.ACCEPTED, found[0]) if found else None


def provider_of(store: Store, operation: Operation) -> Provider:
    """Return the provider object of an operation's credential."""
    return open_provider(store, operation.workspace_id, operation.credential)

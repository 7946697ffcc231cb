"""Operations: journalled, and carried on step by step until they end.

Each step is a task that is retried by itself. What has been done is in the journal, so a step
that is retried, here or by a recovery days later, begins by reading it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from threading import Event
from typing import Any

from prefect import get_run_logger, task
from prefect.client.schemas.objects import State
from prefect.futures import as_completed

from skyclust.errors import ConfigurationError, Transient
from skyclust.model.operation import NewOperation, Operation, OperationState
from skyclust.operations import attempt, journal
from skyclust.operations.cancellation import after_cancel, cancel_error
from skyclust.operations.next_step import next_step
from skyclust.operations.waiting import interruptible
from skyclust.orchestration.dispatch import try_to_send
from skyclust.orchestration.execution import current_execution
from skyclust.orchestration.verdict import task_state
from skyclust.store.engine import open_store
from tasks.retry_policy import RETRIED, UNCACHED


class RunEnding(BaseException):
    """The process of the run is being ended: nothing more is begun in it.

    No Exception, because it is raised in the middle of a wait, where nothing may handle it.
    """


@task(
    name="journal operations",
    task_run_name="journal the operations of {workspace_id}",
    **UNCACHED,
)
def journal_operations(workspace_id: str, planned: Sequence[NewOperation]) -> list[Operation]:
    """Write all operations to the journal and return them, before any cloud is called.

    As `skyclust.operations.journal.journal_all`.
    """
    execution = current_execution()
    journalled = journal.journal_all(execution, workspace_id, planned)
    try_to_send(execution.store)
    return journalled


def _step_name(parameters: dict[str, Any]) -> str:
    """Return the step, the subject and the region, for a task run's name."""
    operation: Operation = parameters["operation"]
    try:
        step = next_step(operation)
    except ConfigurationError:  # the step itself reports it, in the journal too
        return f"unknown step of {operation.title}"
    return f"{step.action if step else 'nothing for'} {operation.title}"


@task(
    name="take step",
    task_run_name=_step_name,  # type: ignore[arg-type]  # its protocol expects a classmethod
    **RETRIED,
)
def take_step(operation: Operation) -> Operation:
    """Do the next step of an operation and return the operation as journalled after it.

    As `skyclust.operations.attempt.take_step`.
    """
    return attempt.take_step(current_execution(), operation)


# A wait retries Transient errors by itself, until its own deadline.
take_waiting_step = take_step.with_options(retries=0)


def _operation_name(parameters: dict[str, Any]) -> str:
    """Return the kind of an operation, its subject and region, for a task run's name."""
    operation: Operation = parameters["operation"]
    return f"{operation.kind} {operation.title}"


@task(
    name="carry on operation",
    task_run_name=_operation_name,  # type: ignore[arg-type]  # its protocol expects a classmethod
    **UNCACHED,
)
def carry_on(operation: Operation, ending: Event) -> State[Any]:
    """Take an operation step by step to its end and return the state that this task run ends in.

    An operation that ends for lack of capacity is followed by its successor in another place.
    A task run whose operation did not succeed ends as Failed or Cancelled, with the reason.
    Raises the error that leaves it open: a Transient one that outlasted the retries, one that
    a person has to repair first, or Fenced when another run has taken it over. Once `ending` is
    set no further step is begun, and RunEnding is raised.
    """
    while True:
        operation = _to_its_end(operation, ending)
        try_to_send(open_store())
        *_, last = journal.attempts(open_store(), operation)
        if last.id == operation.id:
            return task_state(last)
        get_run_logger().warning(
            "%s: trying %s of %s next.", operation.error, last.region, last.credential
        )
        operation = last


def _to_its_end(operation: Operation, ending: Event) -> Operation:
    while operation.state.carried_on:
        before = operation
        _raise_if_ending(ending)
        try:
            with interruptible(partial(_raise_if_unwanted, before, ending)):
                operation = _next_task(before)(before)
        except Exception as error:  # a plugin's too: whatever it is, the journal has the reason
            operation = _settle(before, error)
    return operation


def _next_task(operation: Operation) -> Any:
    step = next_step(operation)
    return take_waiting_step if step is not None and step.action.waits else take_step


def _settle(before: Operation, error: Exception) -> Operation:
    execution = current_execution()
    try:
        return attempt.settle(execution, before, error)
    except Exception:  # it stays open, perhaps paused: `carry_on` does not come to send that
        try_to_send(execution.store)
        raise


def _raise_if_unwanted(operation: Operation, ending: Event) -> None:
    """End a wait when its run ends, or its operation was cancelled or taken over."""
    _raise_if_ending(ending)
    with suppress(Transient):  # a busy store ends no wait
        current = journal.as_stored(open_store(), operation)
        if after_cancel(current) is not None:
            raise cancel_error(current)


def _raise_if_ending(ending: Event) -> None:
    if ending.is_set():
        raise RunEnding


def carry_on_all(
    journalled: Sequence[Operation], *, on_end: Callable[[int], None] = lambda ended: None
) -> list[Operation]:
    """Carry operations on side by side and return each as it is in the store then.

    An operation with successors is represented by the last of them. An error of one operation
    does not end the others, and is kept in the journal. When the run is cancelled, or its process
    ended, no further step is begun. `on_end` is called in the run's own thread whenever one has
    ended, with the number of those that succeeded.
    """
    ending = Event()
    futures = [
        carry_on.submit(operation, ending) for operation in journalled if operation.state.carried_on
    ]
    succeeded = sum(operation.state is OperationState.SUCCEEDED for operation in journalled)
    try:
        for future in as_completed(futures):
            future.wait()
            succeeded += future.state.is_completed()
            on_end(succeeded)
    except BaseException:
        # The signal reaches the main thread alone, and the process ends only with its threads.
        ending.set()
        raise
    store = open_store()
    return [journal.attempts(store, operation)[-1] for operation in journalled]

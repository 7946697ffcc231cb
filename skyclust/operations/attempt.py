"""One attempt of an operation's next step, and what follows when it fails.

The intention is written before the cloud is called, the result after, and every attempt that
failed too: the journal has the reason of everything that it leaves open.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from skyclust.errors import Cancelled, Fenced, SkyClustError, Transient, internal_error
from skyclust.model.operation import Operation
from skyclust.operations.attempt_limits import exceeded_limit, load_attempt_limits
from skyclust.operations.cancellation import after_cancel, cancel_error
from skyclust.operations.execution import Execution
from skyclust.operations.journal import advance, as_stored, begin, note, pause
from skyclust.operations.next_step import after_attempt, after_error, next_step
from skyclust.operations.position import Position
from skyclust.operations.step_result import StepResult
from skyclust.operations.subjects import kind_of
from skyclust.operations.transitions import Step
from skyclust.providerkit.provider_errors import provider_errors
from skyclust.store.types import now

_SENT: Final = frozenset({Position.REQUESTED, Position.UNCERTAIN})
"""The request may have reached the cloud."""


def take_step(execution: Execution, operation: Operation) -> Operation:
    """Do the next step of an operation and return the operation as journalled after it.

    The step is read from the store, not from the argument: a retry begins where the attempt
    before it ended. A cancelled operation is rolled back where that is possible. Raises Fenced
    when another run has taken the operation over, and Cancelled when that ends a wait.
    """
    current = as_stored(execution.store, operation)
    position = after_cancel(current)
    if position is not None:
        return _leave_path(execution, current, position)
    step = next_step(current)
    if step is None:
        return current
    try:
        with _slot(execution, step, current):
            # The wait for the slot may have been long: it may be cancelled or taken over by now.
            current = as_stored(execution.store, operation)
            if after_cancel(current) is not None or next_step(current) != step:
                return current
            current = _begun(execution, current, step)
            result = _perform(execution, step, current)
    except Transient as error:
        note(execution.store, current, error, after_attempt(current, error))
        raise
    return advance(execution, current, result, step_attempts=0)


def settle(execution: Execution, before: Operation, error: Exception) -> Operation:
    """Write what follows from an error, and return the operation, which may have ended.

    Raises the error when the operation stays open as it is; one that was retried too often is
    paused. An exception from outside the error tree is raised as InternalError.
    """
    if isinstance(error, Fenced):
        raise error
    reason = error if isinstance(error, SkyClustError) else internal_error(error)
    current = as_stored(execution.store, before)
    result = _after_failure(execution, before, current, reason)
    if result is None and isinstance(reason, Cancelled):
        return current  # what has begun is to be completed after all
    if result is not None:
        if result.error is not None:
            execution.log.warning("%s: %s", current.title, reason)
        return advance(execution, current, result, step_attempts=0 if result.error else None)
    if not isinstance(reason, Transient):  # those were written down attempt by attempt
        note(execution.store, current, reason)
    exceeded = exceeded_limit(current, load_attempt_limits(), now())
    if exceeded:
        pause(execution, current, exceeded)
    if reason is error:
        raise reason
    raise reason from error


def _after_failure(
    execution: Execution, before: Operation, current: Operation, error: SkyClustError
) -> StepResult | None:
    """Return the line that follows an error; None leaves the operation open."""
    if isinstance(error, Cancelled):
        position = after_cancel(current)
        return None if position is None else StepResult(position, error=error)
    first_call = before.step not in _SENT and current.step == Position.REQUESTED
    position = after_error(current, error, first_call=first_call)
    if position is None:
        return None
    failure = StepResult(position, error=error)
    requested = current.step in _SENT
    existing_result = kind_of(current).existing_result
    if position != Position.FAILED or not requested or existing_result is None:
        return failure
    # The cloud refused a creation that an earlier request may have completed.
    try:
        provider = execution.open_provider(current.workspace_id, current.credential)
        return existing_result(current, provider) or failure
    except Exception as trouble:  # whatever it is, nobody knows that nothing was created
        execution.log.warning("%s: %s", current.title, trouble)
        return failure if first_call else None


def _leave_path(execution: Execution, current: Operation, position: str) -> Operation:
    error = cancel_error(current)
    execution.log.warning("%s: %s", current.title, error)
    return advance(execution, current, StepResult(position, error=error), step_attempts=0)


def _begun(execution: Execution, current: Operation, step: Step) -> Operation:
    """Write that the step has begun, before the cloud is called."""
    if step.intent is None:
        return begin(execution.store, current)
    return advance(execution, current, StepResult(step.intent), step_attempts=current.attempts + 1)


@contextmanager
def _slot(execution: Execution, step: Step, operation: Operation) -> Iterator[None]:
    """Hold a slot of the credential while a change is requested, not during waits."""
    if not step.action.changes:
        yield
        return
    with execution.slot(operation.workspace_id, operation.credential):
        yield


def _perform(execution: Execution, step: Step, operation: Operation) -> StepResult:
    """Do the step at the cloud; writes nothing to the store.

    Raises any error of the tree as the provider does, UnexpectedAnswer for any other error,
    NeverReached when a wait ends without the state that it waits for, and Unsupported when the
    provider lacks an ability.
    """
    provider = execution.open_provider(operation.workspace_id, operation.credential)
    with provider_errors(operation.provider, f"{step.action} {operation.title}"):
        return step.action.handler(step, operation, provider)

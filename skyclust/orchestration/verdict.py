"""The state that a flow run ends in, by the states of its operations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation, OperationState
from skyclust.orchestration.partial_runs import partial_state

LONGEST_REASON: Final = 2000
"""Characters of errors in a run's message; the table of operations has all of them."""


def verdict(carried: Sequence[Operation]) -> State[Any]:
    """Return the state that a flow run ends in which carried on these operations.

    It is Cancelled when all of them have ended, none has succeeded, and all were cancelled.
    """
    succeeded = sum(one.state is OperationState.SUCCEEDED for one in carried)
    message = f"{succeeded} of {len(carried)} operations succeeded."
    if succeeded == len(carried):
        return Completed(message=message + _too_late(carried))
    unfinished = sum(one.state.carried_on for one in carried)
    if unfinished:
        message += f" {unfinished} are unfinished and will be recovered."
    message += _parked(carried) + _cancelled(carried) + _too_late(carried) + _reasons(carried)
    if succeeded:
        return partial_state(message)
    if all(one.cancelled and one.state.final for one in carried):
        return Cancelled(message=message)
    return Failed(message=message)


def recovery_verdict(carried: Sequence[Operation]) -> State[Any]:
    """Return the state that a recovery ends in: Completed when every operation has ended."""
    ended = sum(one.state.final for one in carried)
    message = f"{ended} of {len(carried)} operations have ended: {count_states(carried)}."
    if ended == len(carried):
        return Completed(message=message)
    if any(one.state.carried_on for one in carried):
        message += " The next recovery tries the unfinished ones again."
    message += _parked(carried) + _reasons([one for one in carried if not one.state.final])
    return partial_state(message) if ended else Failed(message=message)


def task_state(operation: Operation) -> State[Any]:
    """Return the state that the task run ends in which carried on an operation.

    Prefect shows Completed as success, whatever the message says. So what did not succeed is
    Failed with the reason, and what somebody cancelled is Cancelled.
    """
    if operation.state is OperationState.SUCCEEDED:
        return Completed(message=f"{operation.kind} {operation.title} succeeded.")
    if operation.cancelled and operation.state.final:
        return Cancelled(message=f"{operation.state.value}: it was cancelled.")
    reason = operation.error or "no reason was given"
    return Failed(message=f"{operation.state.value}: {reason}"[:LONGEST_REASON])


def count_states(carried: Iterable[Operation]) -> str:
    """Return how many operations are in each state, for a message."""
    states = Counter(one.state for one in carried)
    return ", ".join(f"{number} {state.value}" for state, number in sorted(states.items()))


def _parked(carried: Iterable[Operation]) -> str:
    waiting = [one for one in carried if one.state is OperationState.NEEDS_ATTENTION]
    if not waiting:
        return ""
    return (
        f" {len(waiting)} need attention: `skyclust operation show`, then `retry`, `cancel` or"
        " `abandon`."
    )


def _cancelled(carried: Iterable[Operation]) -> str:
    stopped = [one for one in carried if one.cancelled and one.state.final]
    ended = [one for one in stopped if one.state is not OperationState.SUCCEEDED]
    return f" Cancelled: {count_states(ended)}." if ended else ""


def _too_late(carried: Iterable[Operation]) -> str:
    late = sum(
        one.cancelled and not one.cancel_keep and one.state is OperationState.SUCCEEDED
        for one in carried
    )
    return f" {late} were cancelled too late to be taken back." if late else ""


def _reasons(carried: Iterable[Operation]) -> str:
    return "".join(
        f"{_deleted_again(one)} {one.error}"
        for one in carried
        if one.error and one.state is not OperationState.SUCCEEDED
    )[:LONGEST_REASON]


def _deleted_again(operation: Operation) -> str:
    """Return that what an operation created is gone again, for the reason that follows it."""
    undone = operation.state is OperationState.ROLLED_BACK and not operation.cancelled
    if not undone or operation.kind != InstanceAction.CREATE:
        return ""
    return f" {operation.subject_name or 'The new one'} was created and deleted again:"

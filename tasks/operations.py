"""Carrying an operation on: write what is intended, call the cloud, write what came of it.

Each step is a task that may be tried again alone. What has been done stands in the journal,
so a step that is tried again, here or by a recovery days later, begins by reading it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from skyclust.contract import ComputeProvider, Provider
from skyclust.errors import Fenced, SkyClustError, Transient
from skyclust.model.operation import Operation, OperationKind, OperationState
from skyclust.orchestration.credentials import open_provider
from skyclust.orchestration.limits import credential_slot
from skyclust.orchestration.runs import PARTIAL
from skyclust.registry import capability
from skyclust.steps import Position, after_attempt, after_error, next_step
from skyclust.store.engine import Store, open_store
from tasks.journal import advance, as_stored, attempts, note
from tasks.outcome import Done
from tasks.performing import perform
from tasks.retries import DELAYS, JITTER, RETRIES, on_transient
from tasks.snapshots import made_already

LONGEST_REASON: Final = 2000
"""Characters of errors in a run's message; the table of operations has all of them."""


def _run_name(parameters: dict[str, Any]) -> str:
    """Return what an operation does, to which machine and where, for a task run's name."""
    operation: Operation = parameters["operation"]
    return f"{operation.kind} {_place(operation)}"


def _step_name(parameters: dict[str, Any]) -> str:
    """Return what the step does, to which machine and where, for a task run's name."""
    operation: Operation = parameters["operation"]
    step = next_step(operation)
    return f"{step.action if step else 'nothing for'} {_place(operation)}"


def _place(operation: Operation) -> str:
    return f"{operation.instance_name or operation.instance_id} in {operation.region}"


@task(
    name="carry on operation",
    task_run_name=_run_name,  # type: ignore[arg-type]  # its protocol asks for a classmethod
    cache_policy=NO_CACHE,
    persist_result=False,
)
def carry_on(operation: Operation) -> Operation:
    """Take an operation step by step to its end and return it there.

    One that finds no room and has other places to try is followed by the next try, under
    the credential of that place. Raises the error that leaves it open: a Transient one that
    outlasted the retries, one that somebody has to mend first, or Fenced when another run has
    taken it over.
    """
    while True:
        operation = _to_its_end(operation)
        *_, last = attempts(open_store(), operation)
        if last.id == operation.id:
            return operation
        get_run_logger().warning(
            "%s: trying %s of %s next.", operation.error, last.region, last.credential
        )
        operation = last


def _to_its_end(operation: Operation) -> Operation:
    with credential_slot(operation.workspace_id, operation.credential):
        while not operation.state.final:
            before = operation
            step = take_waiting_step if _waits(operation) else take_step
            try:
                operation = step(operation)
            except SkyClustError as error:
                operation = settle(before, error)
    return operation


def carry_on_all(journalled: Sequence[Operation]) -> list[Operation]:
    """Carry operations on side by side and return each as it stands in the store then.

    One that was tried in another place is told by its last try. An error of one keeps none of
    the others from being carried on, and stays in the journal.
    """
    futures = [carry_on.submit(operation) for operation in journalled if not operation.state.final]
    for future in futures:
        future.wait()
    store = open_store()
    return [attempts(store, one)[-1] for one in journalled]


def verdict(carried: Sequence[Operation]) -> State[Any]:
    """Return the state that a flow run ends in which was asked for these operations."""
    succeeded = sum(one.state is OperationState.SUCCEEDED for one in carried)
    message = f"{succeeded} of {len(carried)} operations succeeded."
    if succeeded == len(carried):
        return Completed(message=message)
    unfinished = sum(not one.state.final for one in carried)
    if unfinished:
        message += f" {unfinished} are unfinished and will be recovered."
    message += "".join(
        f" {one.error}"
        for one in carried
        if one.error and one.state is not OperationState.SUCCEEDED
    )[:LONGEST_REASON]
    return Completed(name=PARTIAL, message=message) if succeeded else Failed(message=message)


def recovery_verdict(carried: Sequence[Operation]) -> State[Any]:
    """Return the state that a recovery ends in: it is to bring operations to an end, any end."""
    states = Counter(one.state for one in carried)
    ended = sum(number for state, number in states.items() if state.final)
    told = ", ".join(f"{number} {state.value}" for state, number in sorted(states.items()))
    message = f"{ended} of {len(carried)} operations came to their end: {told}."
    if ended == len(carried):
        return Completed(message=message)
    message += " The next recovery tries the others again."
    return Completed(name=PARTIAL, message=message) if ended else Failed(message=message)


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
    attempt before it stopped. Raises Fenced when another run has taken the operation over.
    """
    store = open_store()
    current = as_stored(store, operation)
    step = next_step(current)
    if step is None:
        return current
    if step.intent is not None:
        current = advance(store, current, Done(step.intent))
    try:
        done = perform(step, current, _provider(store, current))
    except Transient as error:
        position = after_attempt(current, error)
        if position is not None:
            lost = f"{type(error).__name__}: {error.message}"
            advance(store, current, Done(position, detail=lost))
        raise
    return advance(store, current, done)


# A wait rides out Transient errors by itself, until its own deadline.
take_waiting_step = take_step.with_options(retries=0)


def settle(before: Operation, error: SkyClustError) -> Operation:
    """Write what follows from an error, and return the operation; it may be at its end.

    Raises the error when the operation has to stay open as it is.
    """
    if isinstance(error, Fenced):
        raise error
    store = open_store()
    current = as_stored(store, before)
    first_call = before.step == Position.JOURNALLED and current.step == Position.REQUESTED
    position = after_error(current, error, first_call=first_call)
    if position is Position.FAILED and _may_have_made_one(current):
        try:
            made = _made_already(store, current)
        except SkyClustError:
            position = Position.FAILED if first_call else None
        else:
            if made is not None:
                return advance(store, current, made)
    if position is None:
        note(store, current, error)
        raise error
    get_run_logger().warning("%s: %s", _place(current), error)
    return advance(store, current, Done(position, error=error))


def _may_have_made_one(operation: Operation) -> bool:
    """Return whether there may be what the cloud refused to make just now."""
    asked = operation.step in {Position.REQUESTED, Position.UNCERTAIN}
    return asked and operation.kind in {OperationKind.CREATE, OperationKind.SNAPSHOT}


def _made_already(store: Store, operation: Operation) -> Done | None:
    """Return the operation as accepted when its machine or its snapshot exists."""
    provider = _provider(store, operation)
    if operation.kind is OperationKind.SNAPSHOT:
        made = made_already(operation, provider)
        return Done(Position.ACCEPTED, detail=made.id) if made else None
    compute = capability(provider, ComputeProvider)
    found = compute.find_instances(operation.region, operation.token)
    return Done(Position.ACCEPTED, found[0]) if found else None


def _waits(operation: Operation) -> bool:
    step = next_step(operation)
    return step is not None and step.action.waits


def _provider(store: Store, operation: Operation) -> Provider:
    return open_provider(store, operation.workspace_id, operation.credential)

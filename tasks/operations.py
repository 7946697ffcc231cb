"""Carrying operations on, step by step, to their end.

Each step is a task that may be tried again alone. What has been done stands in the journal,
so a step that is tried again, here or by a recovery days later, begins by reading it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from threading import Event
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from skyclust.cancelling import after_cancel, cancel_error
from skyclust.errors import Transient
from skyclust.model.operation import Operation
from skyclust.store.engine import open_store
from skyclust.waiting import interruptible
from tasks.attempt import next_task, settle
from tasks.journal import as_stored, attempts
from tasks.outcome import place


class RunEnding(BaseException):
    """The process of the run is being ended: nothing more is begun in it.

    No Exception, for it comes out of the middle of a wait, and nobody there is to handle it.
    """


def _run_name(parameters: dict[str, Any]) -> str:
    """Return what an operation does, to which machine and where, for a task run's name."""
    operation: Operation = parameters["operation"]
    return f"{operation.kind} {place(operation)}"


@task(
    name="carry on operation",
    task_run_name=_run_name,  # type: ignore[arg-type]  # its protocol asks for a classmethod
    cache_policy=NO_CACHE,
    persist_result=False,
)
def carry_on(operation: Operation, ending: Event) -> Operation:
    """Take an operation step by step to its end and return it there.

    One that finds no room and has other places to try is followed by the next try, under
    the credential of that place. Raises the error that leaves it open: a Transient one that
    outlasted the retries, one that somebody has to mend first, or Fenced when another run has
    taken it over. Once `ending` is set no further step is begun, and RunEnding is raised.
    """
    while True:
        operation = _to_its_end(operation, ending)
        *_, last = attempts(open_store(), operation)
        if last.id == operation.id:
            return operation
        get_run_logger().warning(
            "%s: trying %s of %s next.", operation.error, last.region, last.credential
        )
        operation = last


def _to_its_end(operation: Operation, ending: Event) -> Operation:
    while operation.state.carried_on:
        before = operation
        _heed_ending(ending)
        try:
            with interruptible(partial(_heed, before, ending)):
                operation = next_task(before)(before)
        except Exception as error:  # a plugin's too: whatever it is, the journal has to tell
            operation = settle(before, error)
    return operation


def _heed(operation: Operation, ending: Event) -> None:
    """End a wait when its run ends, or its operation was cancelled or taken over."""
    _heed_ending(ending)
    with suppress(Transient):  # a busy store breaks no wait off
        current = as_stored(open_store(), operation)
        if after_cancel(current) is not None:
            raise cancel_error(current)


def _heed_ending(ending: Event) -> None:
    if ending.is_set():
        raise RunEnding


def carry_on_all(journalled: Sequence[Operation]) -> list[Operation]:
    """Carry operations on side by side and return each as it stands in the store then.

    One that was tried in another place is told by its last try. An error of one keeps none of
    the others from being carried on, and stays in the journal. When the run is cancelled, or
    its process ended, no step is begun any more.
    """
    ending = Event()
    futures = [
        carry_on.submit(operation, ending) for operation in journalled if operation.state.carried_on
    ]
    try:
        for future in futures:
            future.wait()
    except BaseException:
        # The signal reaches the main thread alone, and the process dies only with its threads.
        ending.set()
        raise
    store = open_store()
    return [attempts(store, one)[-1] for one in journalled]

"""Cancelled: what was not begun is not begun, what was begun is undone or told as it is."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from prefect.states import Cancelled, Cancelling, Crashed, Running, Scheduled
from sqlalchemy import Connection

from skyclust.conformance import Failure
from skyclust.model.operation import Operation, OperationState
from skyclust.orchestration.decisions import cancel_operation
from skyclust.orchestration.runs import run_here
from skyclust.store import audit, interventions, operations
from skyclust.store.engine import Store
from tests.flows.conftest import eventually, read_run
from tests.flows.leaving import housekeeping, left_creating, recover, run_in, stored
from tests.flows.memory import REGION, MemoryAccount, memory_account

pytestmark = pytest.mark.integration

LAST = 30


@pytest.mark.parametrize(
    ("line", "end"),
    [
        ("journalled", OperationState.CANCELLED),
        ("requested", OperationState.ROLLED_BACK),
        ("uncertain", OperationState.ROLLED_BACK),
        ("accepted", OperationState.ROLLED_BACK),
        ("ready", OperationState.ROLLED_BACK),
        ("rolling-back", OperationState.ROLLED_BACK),
    ],
)
def test_the_making_of_a_machine_by_a_cancelled_run_is_undone(
    memory: MemoryAccount, line: str, end: OperationState
) -> None:
    run_id = run_in(Running(), Cancelled())
    left_creating(memory, run_id, line)

    assert recover().succeeded
    ended = stored(memory)
    assert (ended.state, ended.error_class) == (
        end,
        "Cancelled" if line != "rolling-back" else None,
    )
    assert ended.cancel_requested_by == f"whoever cancelled flow-run:{run_id}"
    assert memory.machines() == []
    assert memory.known() == {}
    state = read_run(run_id).state
    assert state is not None
    assert (state.type.value, state.message) == (
        "CANCELLED",
        f"Cancelled; of its operations: 1 {end.value}.",
    )


def test_a_run_cancelled_at_every_transaction_leaves_nothing_or_says_that_it_was_too_late(
    memory: MemoryAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[OperationState] = []
    for number in range(1, LAST):
        with monkeypatch.context() as patch:
            asked = cancel_before(patch, number)
            outcome = memory.provision()
        if not asked:
            break
        ended = stored(memory)
        ends.append(ended.state)
        if ended.state is OperationState.SUCCEEDED:
            assert outcome.succeeded
            assert "1 were cancelled too late to be taken back" in outcome.message
            assert memory.machines() == ["web"]
            assert memory.change("delete", "web").succeeded
        else:
            assert outcome.state_type == "CANCELLED", outcome.message
            assert f"Cancelled: 1 {ended.state.value}." in outcome.message
            assert memory.machines() == [], number
            assert memory.known() == {}
    too_late = ends.index(OperationState.SUCCEEDED)
    assert set(ends[too_late:]) == {OperationState.SUCCEEDED}
    assert set(ends[:too_late]) <= {OperationState.CANCELLED, OperationState.ROLLED_BACK}
    assert ends.count(OperationState.ROLLED_BACK) >= 4


def cancel_before(patch: pytest.MonkeyPatch, number: int) -> list[Operation]:
    """Cancel what is carried on right before a transaction; the list returned is filled then.

    The transactions count from the one on that follows the journalling.
    """
    write = Store.write
    count = itertools.count(1)
    asked: list[Operation] = []

    def cancel(connection: Connection) -> list[Operation]:
        return [
            interventions.request_cancel(
                connection, one.workspace_id, one.id, by="user:ann", keep=False
            )
            for one in operations.open_operations(connection)
        ]

    def cancelling(self: Store, work: Callable[[Connection], Any]) -> Any:
        with self.reading() as connection:
            begun = operations.open_operations(connection)
        if begun and next(count) == number:
            asked.extend(write(self, cancel))
        return write(self, work)

    patch.setattr(Store, "write", cancelling)
    return asked


@pytest.mark.parametrize("keep", [False, True])
def test_a_machine_that_hangs_is_cancelled_within_its_wait(
    memory: MemoryAccount, keep: bool
) -> None:
    memory.trouble.hanging_machines.add("web")
    with ThreadPoolExecutor(max_workers=1) as pool:
        run = pool.submit(memory.provision)
        eventually(lambda: stored_step(memory), lambda step: step == "accepted")
        began = time.monotonic()
        asked = cancel_operation(memory.store, "default", stored(memory).id, keep=keep)
        memory.trouble.hanging_machines.clear() if keep else None
        outcome = run.result(timeout=60)

    assert time.monotonic() - began < 30
    assert asked.cancel_requested_by.startswith("user:")  # type: ignore[union-attr]  # it is set
    if keep:
        assert outcome.succeeded
        assert "too late" not in outcome.message
        assert memory.machines() == ["web"]
    else:
        assert outcome.state_type == "CANCELLED", outcome.message
        assert stored(memory).state is OperationState.ROLLED_BACK
        assert memory.machines() == []
    with memory.store.reading() as connection:
        actions = [one.action for one in audit.list_all(connection, "default")]
    assert "instance.create.cancel-requested" in actions


def stored_step(memory: MemoryAccount) -> str:
    return stored(memory).step if memory.operations() else ""


def test_a_run_that_is_being_cancelled_is_told_so_and_left_to_finish(
    memory: MemoryAccount,
) -> None:
    left_creating(memory, run_in(Running(), Cancelling()), "accepted")
    assert recover().message == "No operation needs recovery."
    told = stored(memory)
    assert (told.cancelled, told.epoch, told.step) == (True, 1, "accepted")


def test_a_run_that_crashed_while_it_was_cancelled_was_cancelled(memory: MemoryAccount) -> None:
    left_creating(memory, run_in(Running(), Cancelling(), Crashed()), "accepted")
    assert recover().succeeded
    assert (stored(memory).state, memory.machines()) == (OperationState.ROLLED_BACK, [])


def test_a_run_that_was_started_again_after_its_cancel_is_not_cancelled(
    memory: MemoryAccount,
) -> None:
    again = run_in(Running(), Cancelled(), Scheduled(), Running(), Crashed())
    left_creating(memory, again, "accepted")
    assert recover().succeeded
    assert (stored(memory).state, memory.machines()) == (OperationState.SUCCEEDED, ["web"])


@pytest.mark.parametrize("states", [(Cancelled(),), (Running(), Cancelling(), Crashed())])
def test_who_cancels_a_recovery_cancels_no_operation(
    memory: MemoryAccount, states: tuple[Any, ...]
) -> None:
    left_creating(memory, run_in(*states, of=housekeeping), "accepted")
    assert recover().succeeded
    assert (stored(memory).state, memory.machines()) == (OperationState.SUCCEEDED, ["web"])


def test_a_cancel_survives_the_recovery_that_took_the_operation_over(
    memory: MemoryAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_creating(memory, run_in(Cancelled()), "accepted")
    with monkeypatch.context() as patch:
        patch.setattr("flows.recover_operations.carry_on_all", _dies)
        assert recover().state_type in {"FAILED", "CRASHED"}
    assert stored(memory).epoch == 2

    assert recover().succeeded
    assert (stored(memory).state, memory.machines()) == (OperationState.ROLLED_BACK, [])


def _dies(*_: object) -> Any:
    raise RuntimeError("the process is killed here")


def test_no_other_place_is_tried_for_what_was_cancelled(
    memory: MemoryAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.cloud.add(REGION, "image", "debian-13")
    with memory_account(memory.store) as other:
        other.cloud.add(REGION, "image", "debian-13")
        other.cloud.fail(Failure.NO_CAPACITY, REGION)
        create = other.cloud.create_server

        def cancelled_meanwhile(*arguments: Any, **named: Any) -> Any:
            memory.cancel()
            return create(*arguments, **named)

        monkeypatch.setattr(other.cloud, "create_server", cancelled_meanwhile)
        places = [{"credential": one.credential, "region": REGION} for one in (other, memory)]
        needs = {"name": "web", "cores": 2, "memory_gib": 3, "image_family": "debian-13"}
        outcome = run_here("place-instances", {**needs, "places": places})
        assert other.machines() == []

    assert outcome.state_type == "CANCELLED", outcome.message
    assert memory.machines() == []
    [only] = memory.operations()
    assert (only.state, only.error_class) == (OperationState.FAILED, "CapacityExhausted")

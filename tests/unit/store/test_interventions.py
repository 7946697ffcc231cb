"""What people do to operations: fenced where they take one, and never losing a request."""

from __future__ import annotations

import pytest

from skyclust.errors import Fenced, InvalidRequest, NotFound
from skyclust.model.operation import Operation, OperationState
from skyclust.store import credentials, interventions, operations
from skyclust.store.engine import Store
from tests.unit.store.inventory import prepare
from tests.unit.store.test_operations import advance, journal, new, take_over


@pytest.fixture
def store(store: Store) -> Store:
    return prepare(store)


@pytest.fixture
def operation(store: Store) -> Operation:
    return advance(store, journal(store, [new("1")])[0], "requested", state=OperationState.RUNNING)


def parked(store: Store, operation: Operation) -> Operation:
    return advance(store, operation, "requested", state=OperationState.NEEDS_ATTENTION, attempts=7)


def resume(store: Store, operation: Operation) -> Operation:
    with store.writing() as connection:
        return interventions.resume(
            connection,
            "default",
            operation.id,
            operation.epoch,
            state=OperationState.RUNNING,
            by="user:ann",
        )


def request_cancel(store: Store, operation: Operation, *, keep: bool = False) -> Operation:
    with store.writing() as connection:
        return interventions.request_cancel(
            connection, "default", operation.id, by="user:ann", keep=keep
        )


def abandon(store: Store, operation: Operation) -> Operation:
    with store.writing() as connection:
        return interventions.abandon(
            connection, "default", operation.id, operation.epoch, by="user:ann", reason="gone"
        )


def details(store: Store, operation: Operation) -> list[str]:
    with store.reading() as connection:
        return [line.detail for line in operations.entries(connection, "default", operation.id)]


def open_ids(store: Store) -> list[str]:
    with store.reading() as connection:
        return [one.id for one in operations.open_operations(connection)]


def remove_credential(store: Store) -> None:
    with store.writing() as connection:
        credentials.remove(connection, "default", "prod")


def test_each_attempt_counts_before_its_outcome_and_leaves_no_line(
    store: Store, operation: Operation
) -> None:
    lines = len(details(store, operation))
    for number in (1, 2):
        with store.writing() as connection:
            counted = operations.begin_attempt(connection, "default", operation.id, 1)
        assert counted.attempts == number
    assert len(details(store, operation)) == lines
    assert advance(store, operation, "accepted", attempts=0).attempts == 0
    with store.writing() as connection, pytest.raises(Fenced):
        operations.begin_attempt(connection, "default", operation.id, 9)


def test_a_parked_operation_is_left_alone_until_a_person_resumes_it(
    store: Store, operation: Operation
) -> None:
    waiting = parked(store, operation)
    assert (waiting.state, waiting.step) == (OperationState.NEEDS_ATTENTION, "requested")
    assert waiting.finished_at is None
    assert open_ids(store) == []

    resumed = resume(store, waiting)
    assert (resumed.state, resumed.step) == (OperationState.RUNNING, "requested")
    assert (resumed.attempts, resumed.run_id, resumed.epoch) == (0, None, 2)
    assert resumed.resumed_at is not None
    assert open_ids(store) == [operation.id]
    assert "user:ann" in details(store, operation)[-1]


def test_only_what_waits_can_be_resumed_and_only_once(store: Store, operation: Operation) -> None:
    with pytest.raises(InvalidRequest, match="does not wait for a decision: it is running"):
        resume(store, operation)
    waiting = parked(store, operation)
    resume(store, waiting)
    with pytest.raises(InvalidRequest):
        resume(store, waiting)


def test_a_cancel_fences_nobody_and_survives_a_taking_over(
    store: Store, operation: Operation
) -> None:
    asked = request_cancel(store, operation)
    assert (asked.cancelled, asked.cancel_requested_by, asked.epoch) == (True, "user:ann", 1)
    assert (asked.state, asked.step) == (operation.state, operation.step)
    advanced = advance(store, operation, "accepted")  # the run that worked on it goes on writing
    assert advanced.cancelled
    taken = take_over(store, advanced)
    assert (taken.cancel_requested_at, taken.cancel_keep) == (asked.cancel_requested_at, False)


def test_the_first_who_cancels_is_remembered_and_the_last_decides_what_is_kept(
    store: Store, operation: Operation
) -> None:
    first = request_cancel(store, operation)
    with store.writing() as connection:
        again = interventions.request_cancel(
            connection, "default", operation.id, by="user:bob", keep=True
        )
    assert (again.cancel_requested_by, again.cancel_keep) == ("user:ann", True)
    assert again.cancel_requested_at == first.cancel_requested_at
    assert "user:bob, keeping what has begun" in details(store, operation)[-1]


def test_who_is_abandoned_is_fenced_off_and_it_stays_where_it_stood(
    store: Store, operation: Operation
) -> None:
    ended = abandon(store, operation)
    assert (ended.state, ended.step) == (OperationState.ABANDONED, "requested")
    assert ended.finished_at is not None
    assert details(store, operation)[-1] == "abandoned by user:ann: gone"
    with pytest.raises(Fenced):
        advance(store, operation, "accepted")
    with pytest.raises(InvalidRequest, match="has ended: it is abandoned"):
        request_cancel(store, operation)


def test_of_a_recovery_and_a_person_one_loses(store: Store, operation: Operation) -> None:
    take_over(store, operation)
    with pytest.raises(Fenced):
        abandon(store, operation)


def test_a_credential_is_kept_by_open_operations_alone(store: Store, operation: Operation) -> None:
    with pytest.raises(InvalidRequest, match=r"have not ended: 1\. Without it nobody"):
        remove_credential(store)
    parked(store, operation)
    remove_credential(store)
    with store.reading() as connection:
        assert operations.get(connection, "default", "1").finished_at is None
        with pytest.raises(NotFound):
            credentials.get(connection, "default", "prod")


def test_the_refusal_names_some_of_many(store: Store) -> None:
    journal(store, [new(f"{number:02}") for number in range(8)])
    with pytest.raises(InvalidRequest, match=r"8 operations .* 00, 01, 02, 03, 04 and 3 more"):
        remove_credential(store)

"""The journal: written once, advanced under its epoch, taken over by one."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from skyclust.errors import CapacityExhausted, Fenced, InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation, OperationState
from skyclust.store import operations
from skyclust.store.engine import Store
from skyclust.store.operations import NewOperation
from tests.unit.store.inventory import add_credential, prepare


def new(identity: str, **changed: Any) -> NewOperation:
    fields: dict[str, Any] = {
        "id": identity,
        "subject_kind": "instance",
        "kind": InstanceAction.CREATE,
        "credential": "prod",
        "provider": "aws",
        "region": "eu-central-1",
        "token": f"token-{identity}",
        "request": {"spec": {"name": "web", "disks": [{"size_gib": 8}]}, "wait_seconds": 1.5},
        "subject_name": "web",
    }
    return NewOperation.model_validate(fields | changed)


@pytest.fixture
def store(store: Store) -> Store:
    return prepare(store)


@pytest.fixture
def operation(store: Store) -> Operation:
    return journal(store, [new("1")])[0]


def journal(
    store: Store, planned: list[NewOperation], run_id: str | None = "run"
) -> list[Operation]:
    with store.writing() as connection:
        return operations.journal(connection, "default", planned, run_id=run_id)


def advance(store: Store, operation: Operation, step: str, **values: Any) -> Operation:
    with store.writing() as connection:
        return operations.advance(
            connection, "default", operation.id, operation.epoch, step=step, **values
        )


def take_over(store: Store, operation: Operation, run_id: str = "other") -> Operation:
    with store.writing() as connection:
        return operations.take_over(
            connection, "default", operation.id, operation.epoch, run_id=run_id
        )


def test_what_is_journalled_is_what_was_asked_for(store: Store) -> None:
    written = journal(store, [new("1"), new("2", kind=InstanceAction.STOP, subject_id="i-2")])
    with store.reading() as connection:
        assert [operations.get(connection, "default", one.id) for one in written] == written
    first = written[0]
    assert first.request == new("1").request
    assert (first.state, first.step, first.epoch, first.run_id) == (
        OperationState.PENDING,
        "journalled",
        1,
        "run",
    )
    assert first.created_at.tzinfo is UTC
    assert [one.subject_id for one in written] == [None, "i-2"]


def test_journalling_again_returns_what_stands_and_adds_what_is_new(store: Store) -> None:
    first = journal(store, [new("1")])[0]
    advanced = advance(store, first, "requested", state=OperationState.RUNNING)
    again = journal(store, [new("2"), new("1", region="elsewhere")], run_id="later")
    assert again[1] == advanced
    assert (again[0].id, again[0].run_id) == ("2", "later")
    with store.reading() as connection:
        assert len(operations.entries(connection, "default", "1")) == 2


def test_all_are_journalled_or_none(store: Store) -> None:
    with pytest.raises(NotFound, match="nobody"):
        journal(store, [new("1"), new("2", credential="nobody")])
    with pytest.raises(InvalidRequest, match="one id"):
        journal(store, [new("1"), new("1")])
    with store.reading() as connection:
        assert operations.list_all(connection, "default") == []


def test_many_are_journalled_at_once(store: Store) -> None:
    many = [new(f"{index:05}") for index in range(12_000)]
    assert len(journal(store, many)) == 12_000
    assert [one.id for one in journal(store, many[::-1])] == [one.id for one in many[::-1]]


def test_each_step_is_kept_and_remembered(store: Store, operation: Operation) -> None:
    advance(store, operation, "requested", state=OperationState.RUNNING, detail="calling")
    machine = InstanceReference(region="eu-central-1", id="i-1", unique_id="u-1")
    advance(
        store, operation, "accepted", subject_id=machine.id, subject_unique_id=machine.unique_id
    )
    done = advance(store, operation, "succeeded", state=OperationState.SUCCEEDED)
    assert (done.state, done.step, done.subject_id) == (
        OperationState.SUCCEEDED,
        "succeeded",
        "i-1",
    )
    assert done.finished_at is not None
    assert done.created_at < done.finished_at <= done.updated_at
    with store.reading() as connection:
        history = operations.entries(connection, "default", operation.id)
    assert [(one.sequence, one.step, one.state.value, one.detail) for one in history] == [
        (1, "journalled", "pending", ""),
        (2, "requested", "running", "calling"),
        (3, "accepted", "running", ""),
        (4, "succeeded", "succeeded", ""),
    ]


def test_an_error_stays_until_success(store: Store, operation: Operation) -> None:
    advance(store, operation, "requested", error=CapacityExhausted("Full.\x00", hint="Wait."))
    kept = advance(store, operation, "requested")
    assert (kept.error, kept.error_class) == ("Full.\ufffd Wait.", "CapacityExhausted")
    done = advance(store, operation, "succeeded", state=OperationState.SUCCEEDED)
    assert (done.error, done.error_class) == (None, None)


@pytest.mark.parametrize("end", [state for state in OperationState if state.final])
def test_an_ended_operation_stays_ended(
    store: Store, operation: Operation, end: OperationState
) -> None:
    advance(store, operation, "end", state=end)
    with pytest.raises(InvalidRequest, match="has ended"):
        advance(store, operation, "more")
    with pytest.raises(InvalidRequest, match="has ended"):
        take_over(store, operation)


def test_the_former_owner_is_fenced_off(store: Store, operation: Operation) -> None:
    taken = take_over(store, operation)
    assert (taken.epoch, taken.run_id, taken.step) == (2, "other", "journalled")
    with pytest.raises(Fenced, match="run other"):
        advance(store, operation, "requested")
    with pytest.raises(Fenced):
        take_over(store, operation, "third")
    assert advance(store, taken, "requested").step == "requested"
    with store.reading() as connection:
        history = operations.entries(connection, "default", operation.id)
    assert [(one.epoch, one.run_id) for one in history] == [(1, "run"), (2, "other"), (2, "other")]


def test_a_fenced_unit_of_work_leaves_nothing(store: Store, operation: Operation) -> None:
    taken = take_over(store, operation)

    def both() -> None:
        with store.writing() as connection:
            add_credential(connection, name="beside")
            operations.advance(connection, "default", operation.id, 1, step="late")

    with pytest.raises(Fenced):
        both()
    with store.writing() as connection:
        add_credential(connection, name="beside")  # it is not taken
        assert operations.get(connection, "default", operation.id) == taken


def test_an_unknown_operation_is_not_found(store: Store) -> None:
    with store.writing() as connection:
        with pytest.raises(NotFound, match="nothing"):
            operations.get(connection, "default", "nothing")
        with pytest.raises(NotFound, match="nothing"):
            operations.advance(connection, "default", "nothing", 1, step="x")
        with pytest.raises(NotFound, match="nothing"):
            operations.take_over(connection, "default", "nothing", 1, run_id=None)
        with pytest.raises(NotFound, match="nothing"):
            operations.entries(connection, "default", "nothing")


def test_lists_filter_and_come_newest_first(store: Store) -> None:
    with store.writing() as connection:
        add_credential(connection, name="test")
    first, second, third = (
        journal(store, [one])[0]
        for one in (new("1"), new("2", kind=InstanceAction.STOP), new("3", credential="test"))
    )
    advance(store, first, "failed", state=OperationState.FAILED)
    with store.reading() as connection:

        def listed(**filters: Any) -> list[str]:
            return [one.id for one in operations.list_all(connection, "default", **filters)]

        assert listed() == ["3", "2", "1"]
        assert listed(limit=1) == ["3"]
        assert listed(states=[OperationState.FAILED]) == ["1"]
        assert listed(kinds=[InstanceAction.STOP, InstanceAction.DELETE]) == ["2"]
        assert listed(credential="test") == ["3"]
        assert operations.open_operations(connection, "default") == [second, third]

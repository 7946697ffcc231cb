"""The journal serves any subject: one that only a test knows goes the same way as an instance."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from skyclust.contract import Provider
from skyclust.errors import ConfigurationError, InvalidRequest, Unavailable
from skyclust.model.operation import NewOperation, Operation, OperationState
from skyclust.operations import subjects
from skyclust.operations.attempt import settle, take_step
from skyclust.operations.cancellation import after_cancel
from skyclust.operations.decisions import abandon_operation, cancel_operation
from skyclust.operations.execution import Execution
from skyclust.operations.journal import journal_all
from skyclust.operations.next_step import next_step
from skyclust.operations.position import Position
from skyclust.operations.queries import search_operations, what_may_be_left
from skyclust.operations.step_result import StepResult, SubjectIdentity
from skyclust.operations.subjects import Subject, kind_of
from skyclust.operations.transitions import Action, OperationKind, Step
from skyclust.store import audit, credentials, operations, outbox
from skyclust.store.engine import Store, open_store
from tests.fixtures.execution import journal_execution


def _apply(step: Step, operation: Operation, provider: Provider) -> StepResult:
    if operation.request.get("error"):
        raise InvalidRequest("No such variable.")
    return StepResult(step.outcome, subject=SubjectIdentity("s-1", None), detail="applied")


def _destroy(step: Step, operation: Operation, provider: Provider) -> StepResult:
    return StepResult(step.outcome)


APPLY = OperationKind(
    "apply",
    event="applied",
    steps={
        Position.JOURNALLED: Step(
            Action("apply", _apply), Position.ACCEPTED, intent=Position.REQUESTED
        ),
        Position.REQUESTED: Step(Action("apply", _apply), Position.ACCEPTED),
        Position.ACCEPTED: Step(Action("check", _destroy, changes=False), Position.SUCCEEDED),
        Position.ROLLING_BACK: Step(Action("destroy", _destroy), Position.ROLLED_BACK),
    },
    rolled_back_when_cancelled_at=frozenset({Position.ACCEPTED}),
)

STACK = Subject(
    kind="stack",
    operations={"apply": APPLY},
    what_may_be_left=lambda operation: f"Stack {operation.subject_name} may be half applied.",
    event_fields=("workspace_file",),
)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**subjects.subjects(), "stack": STACK}
    monkeypatch.setattr(subjects, "subjects", lambda: known)


@pytest.fixture
def store(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    opened = open_store(sqlite_url)
    with opened.writing() as connection:
        credentials.add(connection, "default", name="prod", provider="aws", block_name="prod")
    yield opened
    opened.dispose()


@pytest.fixture
def execution(store: Store) -> Execution:
    base = journal_execution(store)
    opened: Any = object()
    return Execution(
        store=base.store,
        run_id=base.run_id,
        actor=base.actor,
        requested_by=base.requested_by,
        open_provider=lambda workspace_id, credential: opened,
        slot=base.slot,
        log=base.log,
    )


def journalled(execution: Execution, **request: Any) -> Operation:
    new = NewOperation(
        id="8f1c0f4e-0000-4000-8000-000000000001",
        subject_kind="stack",
        kind="apply",
        credential="prod",
        provider="aws",
        region="eu",
        token="t-1",
        request=request,
        subject_name="network",
    )
    return journal_all(execution, "default", [new])[0]


def events_of(store: Store) -> list[str]:
    with store.reading() as connection:
        return [waiting.event.name for waiting in outbox.waiting(connection, "default")]


def test_it_goes_to_its_end_with_its_own_events_and_audit_lines(
    execution: Execution, store: Store
) -> None:
    operation = journalled(execution, workspace_file="main.tf")
    while operation.state.carried_on:
        operation = take_step(execution, operation)
    assert (operation.state, operation.subject_id) == (OperationState.SUCCEEDED, "s-1")
    assert operation.requested_by == "user:ann"
    assert events_of(store) == [
        "skyclust.operation.requested",
        "skyclust.operation.succeeded",
        "skyclust.stack.applied",
    ]
    with store.reading() as connection:
        actions = [entry.action for entry in audit.list_all(connection, "default")]
    assert [action for action in actions if action.startswith("stack.")] == [
        "stack.apply.requested",
        "stack.apply.succeeded",
    ]
    page = search_operations(store, "default", subject_kind="stack", kinds=["apply"])
    assert [found.id for found in page.operations] == [operation.id]
    assert search_operations(store, "default", subject_kind="instance").operations == []


def test_a_refusal_fails_it_and_a_cancellation_rolls_it_back(
    execution: Execution, store: Store
) -> None:
    operation = journalled(execution, error=True)
    with pytest.raises(InvalidRequest) as refusal:
        take_step(execution, operation)
    assert settle(execution, operation, refusal.value).state is OperationState.FAILED


def test_a_cancelled_one_is_rolled_back_by_its_own_steps(
    execution: Execution, store: Store
) -> None:
    operation = take_step(execution, journalled(execution))
    cancel_operation(store, "default", operation.id, keep=False, actor="user:ann")
    with store.reading() as connection:
        cancelled = operations.get(connection, "default", operation.id)
    assert after_cancel(cancelled) == Position.ROLLING_BACK
    while cancelled.state.carried_on:
        cancelled = take_step(execution, cancelled)
    assert cancelled.state is OperationState.ROLLED_BACK


def test_it_can_be_abandoned_with_what_may_be_left(execution: Execution, store: Store) -> None:
    operation = take_step(execution, journalled(execution))
    assert what_may_be_left(operation) == "Stack network may be half applied."
    ended = abandon_operation(store, operation, reason="gone", actor="user:ann")
    assert ended.state is OperationState.ABANDONED


def test_a_subject_or_a_kind_that_is_not_installed_stays_open(execution: Execution) -> None:
    operation = journalled(execution)
    for unknown in (
        operation.model_copy(update={"subject_kind": "cluster"}),
        operation.model_copy(update={"kind": "levitate"}),
    ):
        with pytest.raises(ConfigurationError, match=r"not know|unknown kind"):
            next_step(unknown)
        with pytest.raises(ConfigurationError):
            kind_of(unknown)
        with pytest.raises(Unavailable):
            settle(execution, operation, Unavailable("The cloud does not answer."))


def test_an_entry_point_that_is_no_subject_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    entry = EntryPoint("stack", "skyclust.errors:Conflict", subjects.GROUP)
    monkeypatch.setattr(subjects, "entry_points", lambda group: [entry])
    subjects.subjects.cache_clear()
    try:
        with pytest.raises(ConfigurationError, match="is not the Subject 'stack'"):
            subjects.subjects()
    finally:
        monkeypatch.undo()
        subjects.subjects.cache_clear()

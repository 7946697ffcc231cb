"""An operation that cannot be done is tried so often, then a person decides."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.states import Running

from skyclust.conformance import Failure
from skyclust.errors import Conflict, InvalidRequest, NotFound, UnexpectedAnswer
from skyclust.model.audit import AuditEntry
from skyclust.model.operation import Operation, OperationEntry, OperationState
from skyclust.orchestration.credentials import remove_credential, save_credential
from skyclust.orchestration.decisions import (
    abandon_operation,
    cancel_operation,
    resume_operation,
)
from skyclust.orchestration.runs import run_here
from skyclust.redaction import MASK, register_secret
from skyclust.store import audit, operations
from skyclust_sandbox.faults import Fault, FaultKind
from tasks.operations import take_step
from tests.flows.conftest import Installation, events_of
from tests.flows.leaving import left_creating, recover, run_in, stored
from tests.flows.memory import REGION, MemoryAccount

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _no_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take_step, "retries", 0)


@pytest.fixture
def two_attempts(skyclust_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert skyclust_home  # it clears every other setting first
    monkeypatch.setenv("SKYCLUST_OPERATION_MAX_ATTEMPTS", "2")


def history(memory: MemoryAccount) -> list[OperationEntry]:
    with memory.store.reading() as connection:
        return operations.entries(connection, "default", stored(memory).id)


def trail(memory: MemoryAccount) -> list[AuditEntry]:
    with memory.store.reading() as connection:
        return audit.list_all(connection, "default")


@pytest.mark.usefixtures("two_attempts")
@pytest.mark.parametrize("installation", ["sqlite", "postgresql"], indirect=True)
def test_a_cloud_that_always_answers_500_ends_with_a_question_to_a_person(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    installation.sandbox.inject(Fault(kind=FaultKind.ERROR, action="RunInstances", status=500))
    first = run_here("provision-instances", installation.provision())
    assert "1 are unfinished and will be recovered" in first.message
    [waiting] = installation.operations()
    assert (waiting.state, waiting.attempts) == (OperationState.RUNNING, 1)

    second = run_here("recover-operations", {})
    assert second.state_type == "FAILED"
    assert "1 need attention" in second.message
    [waiting] = installation.operations()
    assert (waiting.state, waiting.step) == (OperationState.NEEDS_ATTENTION, "uncertain")
    assert (waiting.attempts, waiting.error_class) == (2, "Unavailable")
    assert run_here("recover-operations", {}).message == "No operation needs recovery."

    # The cloud is well again, and a person says so.
    installation.sandbox.clear()
    resume_operation(installation.store, "default", waiting.id)
    assert run_here("recover-operations", {}).succeeded
    [done] = installation.operations()
    assert (done.state, done.error) == (OperationState.SUCCEEDED, None)
    assert installation.cloud_names() == ["web"]


def test_an_operation_waits_for_a_person_once_it_is_too_old(
    memory: MemoryAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYCLUST_OPERATION_MAX_AGE_HOURS", "0.000001")
    memory.cloud.fail(Failure.BROKEN, REGION)
    outcome = memory.provision()
    assert outcome.state_type == "FAILED"
    assert "1 need attention" in outcome.message
    assert stored(memory).state is OperationState.NEEDS_ATTENTION
    assert "it has not ended in" in history(memory)[-1].detail


@pytest.mark.usefixtures("two_attempts")
def test_a_step_that_kills_its_process_each_time_is_not_begun_for_ever(
    memory: MemoryAccount,
) -> None:
    operation = left_creating(memory, run_in(), "accepted")
    with memory.store.writing() as connection:
        # The attempts of processes that died in it, and none of whom wrote a reason.
        operations.begin_attempt(connection, "default", operation.id, 1)
    outcome = run_here("recover-operations", {"operations": [operation.id]})
    assert outcome.message == "No operation needs recovery."  # its run has yet to start

    operation = stored(memory)
    with memory.store.writing() as connection:
        operations.take_over(connection, "default", operation.id, 1, run_id=None)
    assert recover().state_type == "FAILED"
    assert stored(memory).state is OperationState.NEEDS_ATTENTION
    assert "each of its 2 attempts ended without a reply" in history(memory)[-1].detail


@pytest.mark.usefixtures("two_attempts")
class TestOneThatWaits:
    """What can be done about an operation that waits for a person."""

    @pytest.fixture
    def waiting(self, memory: MemoryAccount) -> Operation:
        machine = memory.machine()
        memory.left_behind("delete", machine, "requested", attempts=1)
        memory.cloud.fail(Failure.BROKEN, REGION)
        assert recover().state_type == "FAILED"
        memory.cloud.recover()
        waiting = stored(memory)
        assert waiting.state is OperationState.NEEDS_ATTENTION
        return waiting

    def test_it_is_left_alone_and_keeps_no_credential(
        self, memory: MemoryAccount, waiting: Operation
    ) -> None:
        assert recover().message == "No operation needs recovery."
        remove_credential(memory.store, "default", memory.credential)
        with pytest.raises(NotFound) as refused:
            resume_operation(memory.store, "default", waiting.id)
        assert "skyclust operation abandon" in refused.value.hint
        ended = abandon_operation(
            memory.store, "default", waiting.id, reason="account closed", force=False
        )
        assert ended.state is OperationState.ABANDONED

    def test_it_is_not_tried_with_another_credential_of_the_same_name(
        self, memory: MemoryAccount, waiting: Operation
    ) -> None:
        remove_credential(memory.store, "default", memory.credential)
        values = {"endpoint": f"http://{memory.credential}.memory", "key": "memory-key"}
        save_credential(memory.store, "default", memory.credential, "memory", values)
        with pytest.raises(NotFound, match="it may be of another account"):
            resume_operation(memory.store, "default", waiting.id)

    def test_it_is_tried_again(self, memory: MemoryAccount, waiting: Operation) -> None:
        resumed = resume_operation(memory.store, "default", waiting.id)
        assert (resumed.state, resumed.attempts) == (OperationState.RUNNING, 0)
        with pytest.raises(InvalidRequest, match="does not wait"):
            resume_operation(memory.store, "default", waiting.id)
        assert recover().succeeded
        assert stored(memory).state is OperationState.SUCCEEDED
        assert memory.machines() == []

    def test_it_is_cancelled(self, memory: MemoryAccount, waiting: Operation) -> None:
        cancel_operation(memory.store, "default", waiting.id, keep=False)
        assert recover().succeeded
        assert stored(memory).state is OperationState.CANCELLED
        assert memory.machines() == ["web"]

    def test_it_is_abandoned_with_its_reason_in_the_trail(
        self, memory: MemoryAccount, waiting: Operation
    ) -> None:
        abandon_operation(memory.store, "default", waiting.id, reason="by hand", force=False)
        last = trail(memory)[-1]
        assert last.action == "instance.delete.abandoned"
        assert last.actor.startswith("user:")
        assert last.detail["reason"] == "by hand"
        assert "gone with disks and addresses left of it" in str(last.detail["may_be_left"])
        with pytest.raises(InvalidRequest, match="has ended: it is abandoned"):
            abandon_operation(memory.store, "default", waiting.id, reason="again", force=True)
        with pytest.raises(InvalidRequest, match="has ended"):
            cancel_operation(memory.store, "default", waiting.id, keep=False)
        assert "instance.delete.needs-attention" in [one.action for one in trail(memory)]

    def test_an_automation_can_call_a_person(
        self, memory: MemoryAccount, waiting: Operation
    ) -> None:
        [event] = events_of(str(waiting.run_id), "skyclust.operation.needs-", wanted=1)
        assert event["resource"]["prefect.resource.id"].endswith(f".default.{waiting.id}")
        assert event["payload"]["error_class"] == waiting.error_class


class TestAbandoning:
    """Ending an operation that is carried on."""

    def test_one_whose_run_is_at_work_is_refused_unless_forced(self, memory: MemoryAccount) -> None:
        operation = left_creating(memory, run_in(Running()), "accepted")
        with pytest.raises(Conflict, match="is being worked on by flow run"):
            abandon_operation(memory.store, "default", operation.id, reason="now", force=False)
        ended = abandon_operation(memory.store, "default", operation.id, reason="now", force=True)
        assert (ended.state, ended.epoch) == (OperationState.ABANDONED, 2)

    def test_a_run_that_works_on_it_is_fenced_off_and_makes_nothing_more(
        self, memory: MemoryAccount
    ) -> None:
        create = memory.cloud.create_server

        def abandoned_meanwhile(*arguments: Any, **named: Any) -> Any:
            made = create(*arguments, **named)
            abandon_operation(memory.store, "default", stored(memory).id, reason="now", force=True)
            return made

        memory.cloud.create_server = abandoned_meanwhile  # type: ignore[method-assign]  # the moment counts
        outcome = memory.provision()
        assert outcome.state_type == "FAILED"
        assert (stored(memory).state, stored(memory).step) == (
            OperationState.ABANDONED,
            "requested",
        )
        assert memory.lines() == ["journalled", "requested", "requested"]

    def test_one_whose_run_is_gone_is_ended(self, memory: MemoryAccount) -> None:
        operation = left_creating(memory, run_in(), "journalled")
        with memory.store.writing() as connection:
            operations.take_over(connection, "default", operation.id, 1, run_id="no run at all")
        ended = abandon_operation(
            memory.store, "default", operation.id, reason="never mind", force=False
        )
        assert ended.state is OperationState.ABANDONED
        assert recover().message == "No operation needs recovery."
        remove_credential(memory.store, "default", memory.credential)


class TestUnexpectedExceptions:
    """Whatever a step raises is in the journal, with its class and without secrets."""

    SECRET = "hunter2-hunter2"

    @pytest.mark.parametrize(
        "where",
        [
            "skyclust.operations.attempt._perform",
            "skyclust.operations.journal._record_resources",
        ],
    )
    def test_a_fault_of_ours_is_written_down_and_tried_again_later(
        self, memory: MemoryAccount, monkeypatch: pytest.MonkeyPatch, where: str
    ) -> None:
        register_secret(self.SECRET)

        def stumble(*_: object, **__: object) -> Any:
            raise ZeroDivisionError(f"with {self.SECRET}")

        with monkeypatch.context() as patch:
            patch.setattr(where, stumble)
            outcome = memory.provision()
        open_still = stored(memory)
        assert open_still.state is OperationState.RUNNING
        assert open_still.error_class == "InternalError"
        assert str(open_still.error).startswith(f"ZeroDivisionError: with {MASK}")
        assert "ZeroDivisionError" in outcome.message
        assert self.SECRET not in outcome.message
        assert "InternalError: ZeroDivisionError: with" in history(memory)[-1].detail
        assert open_still.attempts == 1

        assert recover().succeeded
        assert (stored(memory).state, stored(memory).error) == (OperationState.SUCCEEDED, None)
        assert memory.machines() == ["web"]

    def test_a_provider_that_stumbles_is_written_down_too(
        self, memory: MemoryAccount, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stumble(*_: object, **__: object) -> Any:
            raise KeyError("flavor")

        with monkeypatch.context() as patch:
            patch.setattr(memory.cloud, "create_server", stumble)
            outcome = memory.provision()
        open_still = stored(memory)
        assert (open_still.state, open_still.error_class) == (
            OperationState.RUNNING,
            UnexpectedAnswer.__name__,
        )
        assert "KeyError: 'flavor'" in str(open_still.error)
        assert "KeyError: 'flavor'" in outcome.message
        assert [line.step for line in history(memory)][-1] == "uncertain"

    def test_a_line_that_nobody_knows_is_said_so(self, memory: MemoryAccount) -> None:
        machine = memory.machine()
        memory.left_behind("stop", machine, "levitating")
        outcome = recover()
        assert outcome.state_type == "FAILED"
        assert "unknown step 'levitating'" in outcome.message
        assert (stored(memory).state, stored(memory).error_class) == (
            OperationState.RUNNING,
            "ConfigurationError",
        )

"""The commands by which a person looks at an operation and decides about it."""

from __future__ import annotations

import os
import signal
from threading import Thread
from uuid import uuid4

import pytest
from prefect.states import Running

from skyclust.conformance import Failure
from skyclust.model.operation import Operation, OperationState
from tasks.operations import take_step
from tests.flows.commands import Commands
from tests.flows.conftest import eventually
from tests.flows.leaving import left_creating, recover, run_in
from tests.flows.memory import REGION, MemoryAccount

pytestmark = pytest.mark.integration


@pytest.fixture
def waiting(
    memory: MemoryAccount, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> Operation:
    """A deletion that the cloud has answered with 500 too often."""
    monkeypatch.setattr(take_step, "retries", 0)
    monkeypatch.setenv("SKYCLUST_OPERATION_MAX_ATTEMPTS", "2")
    memory.left_behind("delete", memory.machine(), "requested", attempts=1)
    memory.cloud.fail(Failure.BROKEN, REGION)
    commands.run("operation", "recover", "--local", code=7)  # the cloud did not answer
    memory.cloud.recover()
    return memory.operations()[0]


def test_what_waits_is_listed_shown_and_tried_again(
    memory: MemoryAccount, commands: Commands, waiting: Operation
) -> None:
    [listed] = commands.json("operation", "list", "--state", "needs-attention")
    shown = commands.json("operation", "show", waiting.id)
    table = commands.run("operation", "show", waiting.id)
    retried = commands.json("operation", "retry", waiting.id, "--local")
    commands.run("operation", "retry", waiting.id, "--local", code=2)
    commands.run("operation", "retry", "nothing", "--local", code=4)

    assert (listed["id"], listed["attempts"]) == (waiting.id, 2)
    assert "may be there, gone" in shown["may_be_left"]
    assert "may be left" in table
    assert shown["entries"][-1]["detail"] == "2 attempts of this step had no result"
    assert "Unavailable" in shown["entries"][-2]["detail"]
    assert retried["state"] == "Completed"
    assert memory.machines() == []


def test_what_waits_is_abandoned_and_its_credential_removed(
    memory: MemoryAccount, commands: Commands, waiting: Operation
) -> None:
    commands.run("operation", "abandon", waiting.id, code=2)  # without a reason
    commands.run("credential", "remove", memory.credential, "--yes")
    removed = commands.said
    commands.run("operation", "retry", waiting.id, "--local", code=4)
    refused = commands.said
    ended = commands.json("operation", "abandon", waiting.id, "--reason", "account closed")
    commands.run("operation", "abandon", waiting.id, "--reason", "again", code=2)
    trail = commands.json("audit", "list")

    assert f"Operation {waiting.id} can only be abandoned now." in removed
    assert "may be there, gone" in removed
    assert "skyclust operation abandon" in refused
    assert ended["state"] == "abandoned"
    assert "may be there, gone" in ended["may_be_left"]
    assert trail[-1]["action"] == "instance.delete.abandoned"
    assert trail[-1]["detail"]["reason"] == "account closed"


def test_a_credential_with_open_operations_is_kept_and_the_reason_said(
    memory: MemoryAccount, commands: Commands
) -> None:
    operation = left_creating(memory, run_in(Running()), "accepted")
    commands.run("credential", "remove", memory.credential, "--yes", code=2)
    assert f"has 1 operations that have not ended: {operation.id}" in commands.said
    assert "operation abandon" in commands.said


def test_an_operation_whose_run_is_gone_is_cancelled_at_once(
    memory: MemoryAccount, commands: Commands
) -> None:
    operation = left_creating(memory, str(uuid4()), "accepted")
    cancelled = commands.json("operation", "cancel", operation.id, "--local")
    commands.run("operation", "cancel", operation.id, "--local", code=2)

    assert cancelled["state"] == "Completed"
    assert memory.operations()[0].state is OperationState.ROLLED_BACK
    assert memory.machines() == []


def test_an_operation_that_is_worked_on_is_cancelled_by_its_run(
    memory: MemoryAccount, commands: Commands
) -> None:
    operation = left_creating(memory, run_in(Running()), "accepted")
    shown = commands.json("operation", "cancel", operation.id, "--keep")
    said = commands.said
    commands.run("operation", "abandon", operation.id, "--reason", "hangs", code=1)
    refused = commands.said
    commands.run("operation", "abandon", operation.id, "--reason", "hangs", "--force")

    assert (shown["state"], shown["cancel_keep"]) == ("running", True)
    assert shown["cancel_requested_by"].startswith("user:")
    assert "works on it, and cancels it at its next step" in said
    assert "is being worked on by flow run" in refused
    assert memory.operations()[0].state is OperationState.ABANDONED


def test_ctrl_c_of_a_local_run_ends_it_and_cancels_nothing(
    memory: MemoryAccount, commands: Commands
) -> None:
    memory.trouble.hanging_machines.add("web")
    # What a shell has started in the background ignores the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt() -> None:
        eventually(
            lambda: [one.step for one in memory.operations()],
            lambda steps: steps == ["accepted"],
            seconds=30,
        )
        os.kill(os.getpid(), signal.SIGINT)

    thread = Thread(target=interrupt)
    thread.start()
    try:
        commands.run(
            "instance", "create", "web", "--credential", memory.credential, "--region", REGION,
            "--type", "small", "--image", memory.image(), "--local", code=130,
        )  # fmt: skip
    finally:
        thread.join()
        signal.signal(signal.SIGINT, before)
    left = memory.operations()[0]
    assert "nothing is cancelled" in commands.said
    assert (left.state, left.step, left.cancelled) == (OperationState.RUNNING, "accepted", False)

    memory.trouble.hanging_machines.clear()
    assert recover().succeeded
    assert memory.operations()[0].state is OperationState.SUCCEEDED

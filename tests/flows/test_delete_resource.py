"""One disk is deleted by command: the one that was meant, and only while nothing uses it."""

from __future__ import annotations

from typing import Any

import pytest

from skyclust.conformance import memory_disks
from skyclust.model.operation import OperationState
from skyclust.orchestration.runs import RunOutcome, run_here
from tests.flows.commands import Commands
from tests.flows.conftest import events_of
from tests.flows.memory import REGION, MemoryAccount

pytestmark = pytest.mark.integration

KEY = "memory-key"


@pytest.fixture
def disk(memory: MemoryAccount, commands: Commands) -> str:
    """The id of an unused disk called data that the inventory knows."""
    made = memory.cloud.add(REGION, "disk", "data").id
    memory.cloud.add(REGION, "disk", "other")
    commands.run("inventory", "sync", "--local")
    return made


def delete(disk: str, **request: Any) -> RunOutcome:
    return run_here("delete-resource", {"kind": "disk", "resource": disk, **request})


def test_a_disk_is_deleted_by_its_name_and_shown_by_the_journal(
    memory: MemoryAccount, commands: Commands, disk: str
) -> None:
    commands.run("resource", "delete", "data", "--yes", "--local")
    assert [item.name for item in memory.cloud.existing(REGION, "disk")] == ["other"]
    assert disk not in memory.known()
    [done] = commands.json("operation", "list", "--kind", "delete")
    assert (done["subject_kind"], done["subject_name"], done["state"]) == (
        "disk",
        "data",
        "succeeded",
    )
    shown = commands.json("operation", "show", done["id"][:8])
    assert [line["step"] for line in shown["entries"]][1] == "confirmed"
    assert shown["may_be_left"] == ""
    events = events_of(str(done["run_id"]), "skyclust.disk.", wanted=1)
    assert [event["event"] for event in events] == ["skyclust.disk.deleted"]
    commands.run("resource", "delete", disk, "--yes", "--local", code=4)
    assert "There is no disk or address or snapshot" in commands.said


def test_what_the_command_does_not_delete_is_refused_before_a_run(
    memory: MemoryAccount, commands: Commands, disk: str
) -> None:
    commands.run("resource", "delete", disk, "--kind", "image", "--yes", "--local", code=2)
    assert "deletes disks, addresses and snapshots" in commands.said
    commands.run("resource", "delete", disk, "--local", code=2)
    assert "There is nobody to ask" in commands.said
    assert memory.operations() == []


def test_another_disk_of_the_id_is_not_deleted(memory: MemoryAccount, disk: str) -> None:
    outcome = delete(disk, identity="created 2020-01-01T00:00:00+00:00")
    assert outcome.state_type == "FAILED"
    assert "another resource has its id by now" in outcome.message
    assert disk in memory.known()


def test_a_disk_that_was_gone_before_is_said_to_be_gone(memory: MemoryAccount, disk: str) -> None:
    memory_disks.delete_disk(memory.cloud, KEY, REGION, disk)
    outcome = delete(disk)
    assert "already gone: nothing was deleted" in outcome.message
    assert memory.operations()[0].state is OperationState.FAILED
    assert disk not in memory.known()


def test_a_kind_that_the_cloud_does_not_delete_is_refused_before_it_is_journalled(
    memory: MemoryAccount, commands: Commands
) -> None:
    outcome = run_here("delete-resource", {"kind": "snapshot", "resource": "nowhere"})
    assert outcome.state_type == "FAILED"
    assert "There is no snapshot 'nowhere'" in outcome.message
    assert memory.operations() == []

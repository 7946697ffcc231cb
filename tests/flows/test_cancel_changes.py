"""What a run that is gone left of a change, and the cancel that came to it."""

from __future__ import annotations

import pytest

from skyclust.conformance import memory_disks
from skyclust.model.instance import InstanceState
from skyclust.model.operation import OperationState
from tests.flows.conftest import eventually
from tests.flows.leaving import recover, stored
from tests.flows.memory import REGION, MemoryAccount

pytestmark = pytest.mark.integration

KEY = "memory-key"


@pytest.fixture
def web(memory: MemoryAccount) -> str:
    return memory.machine()


def state(memory: MemoryAccount, web: str) -> InstanceState:
    return memory.provider.get_instance(REGION, web).state


def cancelled(memory: MemoryAccount) -> OperationState:
    memory.cancel()
    outcome = recover()
    assert outcome.succeeded, outcome.message
    return stored(memory).state


@pytest.mark.parametrize(("action", "line"), [("delete", "uncertain"), ("stop", "requested")])
def test_what_never_arrived_is_not_asked_for_again(
    memory: MemoryAccount, web: str, action: str, line: str
) -> None:
    memory.left_behind(action, web, line)
    assert cancelled(memory) is OperationState.CANCELLED
    assert "shows no sign" in str(stored(memory).error)
    assert state(memory, web) is InstanceState.RUNNING


def test_what_had_arrived_is_awaited_and_told_as_it_is(memory: MemoryAccount, web: str) -> None:
    memory.left_behind("delete", web, "requested")
    memory.provider.delete_instance(memory.reference(web))
    assert cancelled(memory) is OperationState.SUCCEEDED
    assert memory.machines() == []
    assert memory.lines()[-4:] == ["requested", "accepted", "gone", "succeeded"]


def test_a_start_that_never_arrived_leaves_the_machine_off(memory: MemoryAccount, web: str) -> None:
    memory.provider.stop_instance(memory.reference(web))
    eventually(lambda: state(memory, web), lambda one: one is InstanceState.STOPPED)
    memory.left_behind("start", web, "uncertain")
    assert cancelled(memory) is OperationState.CANCELLED
    assert state(memory, web) is InstanceState.STOPPED


@pytest.mark.parametrize("line", ["stopping", "halting", "stopped"])
def test_a_machine_stopped_for_a_resize_runs_again(
    memory: MemoryAccount, web: str, line: str
) -> None:
    if line != "stopping":
        memory.provider.stop_instance(memory.reference(web))
    memory.left_behind("resize", web, line, attempts=1, type="large")
    assert cancelled(memory) is OperationState.ROLLED_BACK
    found = memory.provider.get_instance(REGION, web)
    assert (found.state, found.type) == (InstanceState.RUNNING, "small")


def test_a_resize_that_was_done_is_carried_to_its_end(memory: MemoryAccount, web: str) -> None:
    memory.provider.stop_instance(memory.reference(web))
    eventually(lambda: state(memory, web), lambda one: one is InstanceState.STOPPED)
    memory.provider.resize_instance(memory.reference(web), "large")
    memory.left_behind("resize", web, "resized", type="large")
    assert cancelled(memory) is OperationState.SUCCEEDED
    found = memory.provider.get_instance(REGION, web)
    assert (found.state, found.type) == (InstanceState.RUNNING, "large")


def test_a_resize_before_its_first_change_changes_nothing(memory: MemoryAccount, web: str) -> None:
    memory.left_behind("resize", web, "stopping", type="large")
    assert cancelled(memory) is OperationState.CANCELLED
    found = memory.provider.get_instance(REGION, web)
    assert (found.state, found.type) == (InstanceState.RUNNING, "small")


def test_a_snapshot_is_deleted_again(memory: MemoryAccount, web: str) -> None:
    memory.left_behind("snapshot", web, "requested", attempts=1, snapshot="good")
    assert cancelled(memory) is OperationState.ROLLED_BACK
    assert memory.provider.list_snapshots(REGION, web) == []


@pytest.mark.parametrize("action", ["attach-disk", "detach-disk"])
def test_a_disk_stays_where_it_is_when_the_request_never_arrived(
    memory: MemoryAccount, web: str, action: str
) -> None:
    disk = memory.cloud.add(REGION, "disk", "data").id
    if action == "detach-disk":
        memory.provider.attach_disk(memory.reference(web), disk)
    before = memory.provider.get_disk(REGION, disk).attributes["attached_to"]
    memory.left_behind(action, web, "uncertain", disk_id=disk, disk="data")
    assert cancelled(memory) is OperationState.CANCELLED
    assert memory.provider.get_disk(REGION, disk).attributes["attached_to"] == before


def test_a_snapshot_is_kept_when_its_deletion_never_arrived(
    memory: MemoryAccount, web: str
) -> None:
    kept = memory.provider.create_snapshot(memory.reference(web), "good", "t").id
    memory.left_behind("delete-snapshot", web, "uncertain", snapshot_id=kept, snapshot="good")
    assert cancelled(memory) is OperationState.CANCELLED
    assert [one.id for one in memory.provider.list_snapshots(REGION, web)] == [kept]


@pytest.mark.parametrize(
    ("attempts", "end", "text"), [(0, "rolled-back", "after"), (1, "succeeded", "before")]
)
def test_a_restore_turns_back_only_where_no_disk_can_have_been_touched(
    memory: MemoryAccount, web: str, attempts: int, end: str, text: str
) -> None:
    memory_disks.write_text(memory.cloud, KEY, REGION, web, "before")
    kept = memory.provider.create_snapshot(memory.reference(web), "good", "t").id
    memory_disks.write_text(memory.cloud, KEY, REGION, web, "after")
    memory.provider.stop_instance(memory.reference(web))
    eventually(lambda: state(memory, web), lambda one: one is InstanceState.STOPPED)
    memory.left_behind(
        "restore", web, "stopped", snapshot_id=kept, attempts=attempts, snapshot="good"
    )
    assert cancelled(memory) == end
    assert state(memory, web) is InstanceState.RUNNING
    assert memory_disks.read_texts(memory.cloud, KEY, REGION, web) == [text]

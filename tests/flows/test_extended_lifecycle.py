"""Snapshots, disks and tags of a machine, through the journal, on the cloud in memory."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from skyclust.conformance import memory_disks
from skyclust.contract import ComputeProvider, DiskProvider, SnapshotProvider, TagProvider
from skyclust.model.instance import InstanceFailure, InstanceState
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import OperationState
from skyclust.model.snapshot import SnapshotState
from skyclust.operations.identifiers import cloud_token, operation_id
from skyclust.operations.instance.planning import needed_abilities
from skyclust.orchestration.runs import run_here
from tests.flows.conftest import events_of
from tests.flows.memory import REGION, MemoryAccount

pytestmark = pytest.mark.integration

KEY = "memory-key"


def texts(memory: MemoryAccount, machine: str) -> list[str]:
    return memory_disks.read_texts(memory.cloud, KEY, REGION, machine)


def write(memory: MemoryAccount, machine: str, text: str) -> None:
    memory_disks.write_text(memory.cloud, KEY, REGION, machine, text)


def state(memory: MemoryAccount, machine: str) -> InstanceState:
    return memory.provider.get_instance(REGION, machine).state


@pytest.fixture
def web(memory: MemoryAccount) -> str:
    """The id of a running machine called web, with one disk that says "before"."""
    machine = memory.machine()
    write(memory, machine, "before")
    return machine


@pytest.fixture
def kept(memory: MemoryAccount, web: str) -> str:
    """The id of a snapshot of that, called `good`; the disk says "after" since."""
    outcome = memory.change("snapshot", "web", snapshot="good")
    assert outcome.succeeded, outcome.message
    write(memory, web, "after")
    return memory.provider.list_snapshots(REGION, web)[0].id


def test_a_snapshot_is_taken_restored_and_deleted(
    memory: MemoryAccount, web: str, kept: str
) -> None:
    assert memory.lines() == ["journalled", "requested", "accepted", "succeeded"]
    memory.trouble.restore_calls = 4
    restored = memory.change("restore", "web", snapshot="good")
    assert restored.succeeded, restored.message
    assert memory.lines() == [
        "journalled", "stopping", "halting", "stopped", "replacing-halted", "restored",
        "starting", "ready", "succeeded",
    ]  # fmt: skip
    assert texts(memory, web) == ["before"]
    assert state(memory, web) is InstanceState.RUNNING
    assert len(memory.trouble.restores) == 4
    assert len(set(memory.trouble.restores)) == 1
    told = events_of(restored.run_id, "skyclust.instance.restored", wanted=1)
    assert told[0]["payload"]["snapshot_id"] == kept

    deleted = memory.change("delete-snapshot", web, snapshot=kept)
    assert deleted.succeeded, deleted.message
    assert memory.provider.list_snapshots(REGION, web) == []
    assert set(memory.known()) == {web}


def test_a_stopped_machine_is_restored_and_stays_stopped(
    memory: MemoryAccount, web: str, kept: str
) -> None:
    assert memory.change("stop", web).succeeded
    restored = memory.change("restore", web, snapshot=kept)
    assert restored.succeeded, restored.message
    assert memory.lines() == ["journalled", "restoring", "replacing", "ready", "succeeded"]
    assert state(memory, web) is InstanceState.STOPPED
    assert texts(memory, web) == ["before"]


def test_an_unknown_snapshot_is_refused_before_anything_is_touched(
    memory: MemoryAccount, web: str
) -> None:
    for action in ("restore", "delete-snapshot"):
        refused = memory.change(action, "web", snapshot="nowhere")
        assert "has no snapshot 'nowhere'" in refused.message
    assert memory.operations() == []
    assert state(memory, web) is InstanceState.RUNNING


def test_a_restore_that_is_refused_at_first_starts_the_machine_again(
    memory: MemoryAccount, web: str, kept: str
) -> None:
    memory.trouble.refuse_restore_at = 1
    refused = memory.change("restore", web, snapshot=kept)
    assert refused.state_type == "FAILED"
    assert memory.operations()[0].state is OperationState.ROLLED_BACK
    assert state(memory, web) is InstanceState.RUNNING
    assert texts(memory, web) == ["after"]


def test_a_machine_whose_disks_are_of_two_moments_is_not_started(
    memory: MemoryAccount, web: str, kept: str
) -> None:
    memory.trouble.restore_calls, memory.trouble.refuse_restore_at = 9, 4
    refused = memory.change("restore", web, snapshot=kept)
    assert "Its disks may be of two points in time" in refused.message
    assert memory.lines()[-2:] == ["replacing-halted", "failed"]
    assert state(memory, web) is InstanceState.STOPPED


def test_a_broken_snapshot_is_deleted_and_one_that_takes_long_is_kept(
    memory: MemoryAccount, web: str
) -> None:
    memory.trouble.snapshot_state = SnapshotState.PENDING
    slow = memory.change("snapshot", web, snapshot="slow", wait_minutes=0.005)
    assert "is not complete: not yet" in slow.message
    assert memory.operations()[0].state is OperationState.FAILED
    assert [one.name for one in memory.provider.list_snapshots(REGION, web)] == ["slow"]

    memory.trouble.snapshot_state = SnapshotState.ERROR
    broken = memory.change("snapshot", web, snapshot="broken")
    assert broken.state_type == "FAILED"
    newest = memory.operations()[0]
    assert (newest.state, newest.error_class) == (OperationState.ROLLED_BACK, "NeverReached")
    assert [one.name for one in memory.provider.list_snapshots(REGION, web)] == ["slow"]


def test_a_disk_is_attached_and_detached_again(memory: MemoryAccount, web: str) -> None:
    disk = memory.cloud.add(REGION, "disk", "data").id
    attached = memory.change("attach-disk", "web", disk=disk)
    assert attached.succeeded, attached.message
    assert memory.lines() == ["journalled", "requested", "accepted", "ready", "succeeded"]
    assert memory.known()[disk].attributes["attached_to"] == [web]
    other = memory.machine("other")
    taken = memory.change("attach-disk", other, disk="data")
    assert memory.operations()[0].error_class == "InvalidRequest", taken.message

    detached = memory.change("detach-disk", "web", disk="data")
    assert detached.succeeded, detached.message
    assert memory.known()[disk].attributes["attached_to"] == []
    assert "Nothing was changed" not in detached.message
    idle = memory.change("detach-disk", "web", disk="data")
    assert idle.succeeded, idle.message
    assert f"Nothing was changed: disk {disk} is not attached to instance web" in idle.message
    nowhere = memory.change("attach-disk", "web", disk="no-such-disk")
    assert "no-such-disk" in nowhere.message
    assert len(memory.operations()) == 4


def test_tags_are_set_and_removed(memory: MemoryAccount, web: str) -> None:
    assert memory.change("set-tags", "web", tags={"team": "shop", "env": "test"}).succeeded
    changed = memory.change("set-tags", "web", tags={"env": "live"}, removed_tags=["team"])
    assert changed.succeeded, changed.message
    assert memory.provider.get_instance(REGION, web).tags == {"env": "live"}
    assert memory.known()[web].tags == {"env": "live"}


def test_a_stop_that_the_cloud_does_not_know_is_refused_before_it_is_journalled(
    memory: MemoryAccount, web: str
) -> None:
    known = len(memory.operations())
    stopped = memory.change("stop", "web", power_off_only=True)
    assert stopped.state_type == "FAILED"
    assert "every stop of Cloud in memory releases it" in stopped.message
    assert len(memory.operations()) == known
    assert state(memory, web) is InstanceState.RUNNING


@pytest.mark.parametrize(
    ("action", "line"),
    [
        ("snapshot", "requested"),
        ("restore", "stopping"),
        ("restore", "replacing"),
        ("delete-snapshot", "accepted"),
        ("attach-disk", "uncertain"),
        ("detach-disk", "requested"),
        ("set-tags", "requested"),
    ],
)
def test_what_a_dead_run_left_is_carried_on(
    memory: MemoryAccount, web: str, action: str, line: str
) -> None:
    disk = memory.cloud.add(REGION, "disk", "data").id
    token = cloud_token(operation_id(str(UUID(int=7)), 0))
    kept = memory.provider.create_snapshot(memory.reference(web), "good", token).id
    write(memory, web, "after")
    if line == "replacing":
        memory.provider.stop_instance(memory.reference(web))
    if action == "delete-snapshot":
        memory.provider.delete_snapshot(memory.reference(web), kept)
    fields: dict[str, dict[str, Any]] = {
        "snapshot": {"snapshot": "good"},
        "restore": {"snapshot": "good"},
        "delete-snapshot": {"snapshot": "good"},
        "attach-disk": {"disk": "data"},
        "detach-disk": {"disk": "data"},
        "set-tags": {"tags": {"env": "live"}},
    }
    memory.left_behind(action, web, line, snapshot_id=kept, disk_id=disk, **fields[action])

    outcome = run_here("recover-operations", {})

    assert outcome.succeeded, outcome.message
    assert memory.operations()[0].state is OperationState.SUCCEEDED
    snapshots = [one.name for one in memory.provider.list_snapshots(REGION, web)]
    assert snapshots == ([] if action == "delete-snapshot" else ["good"])
    assert ("before" in texts(memory, web)) is (action == "restore")
    holders = memory.provider.get_disk(REGION, disk).attributes["attached_to"]
    assert holders == ([web] if action == "attach-disk" else [])
    assert (state(memory, web) is InstanceState.RUNNING) is (line != "replacing")


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (InstanceFailure.CAPACITY, "CapacityExhausted"),
        (InstanceFailure.QUOTA, "QuotaExceeded"),
    ],
)
def test_a_machine_that_finds_no_room_is_undone_with_that_word(
    memory: MemoryAccount, failure: InstanceFailure, error: str
) -> None:
    image = memory.cloud.add(REGION, "image", "debian-12").id
    memory.trouble.failure = failure
    spec = {"name": "web", "region": REGION, "type": "small", "image": image}
    outcome = run_here("provision-instances", {"credential": memory.credential, **spec})
    assert outcome.state_type == "FAILED"
    newest = memory.operations()[0]
    assert (newest.state, newest.error_class) == (OperationState.ROLLED_BACK, error)
    assert memory.cloud.existing(REGION, "server") == []


def test_every_kind_names_the_abilities_that_it_needs() -> None:
    beside = {kind: needed_abilities(kind)[1:] for kind in InstanceAction}
    assert {needed_abilities(kind)[0] for kind in InstanceAction} == {ComputeProvider}
    assert {one for ones in beside.values() for one in ones} == {
        SnapshotProvider,
        DiskProvider,
        TagProvider,
    }

"""The suite of `SnapshotProvider`: snapshots of an instance's disks, and restoring them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from skyclust.conformance.creation import OTHER_TOKEN
from skyclust.conformance.harness import Failure, SnapshotHarness
from skyclust.conformance.interrupted_creation import full_spec
from skyclust.conformance.machine import (
    TOKEN,
    Machine,
    MachineSuite,
    ask_again,
    assert_untouched,
    stranger_of,
    unknown_machine,
)
from skyclust.contract import ComputeProvider, Provider, SnapshotProvider
from skyclust.errors import Conflict, InvalidRequest, NotFound, Transient
from skyclust.model.instance import InstanceState
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState


class SnapshotSuite(MachineSuite):
    """The requirements on a provider that takes snapshots of instances."""

    @pytest.fixture
    def snapshots(self, provider: Provider) -> SnapshotProvider:
        """Return the provider as one that takes snapshots."""
        assert isinstance(provider, SnapshotProvider)
        return provider

    @pytest.fixture
    def two_disks(self, compute: ComputeProvider, harness: SnapshotHarness) -> Machine:
        """Return a new, running instance with a boot disk and a data disk."""
        made = compute.create_instance(full_spec(harness, "web"), TOKEN)
        machine = Machine(compute, harness, made.reference)
        machine.becomes(InstanceState.RUNNING)
        return machine

    def test_a_machine_goes_back_to_its_snapshot(
        self, snapshots: SnapshotProvider, two_disks: Machine, harness: SnapshotHarness
    ) -> None:
        """All disks are as they were, the instance is the same, and nothing is left over."""
        harness.write(two_disks.id, "before")
        disks = len(harness.read(two_disks.id))
        assert disks >= 2
        kept = _taken(snapshots, harness, two_disks)
        harness.write(two_disks.id, "after")
        belongings = len(harness.belongings())
        if snapshots.must_stop_to_restore(two_disks.now()):
            two_disks.compute.stop_instance(two_disks.reference)
            two_disks.becomes(InstanceState.STOPPED)
        _restore(snapshots, harness, two_disks, kept.id)
        assert list(harness.read(two_disks.id)) == ["before"] * disks
        assert len(harness.belongings()) == belongings
        two_disks.compute.start_instance(two_disks.reference)
        two_disks.becomes(InstanceState.RUNNING)
        two_disks.compute.delete_instance(two_disks.reference)
        two_disks.becomes(InstanceState.DELETED)
        assert harness.machines() == 0

    def test_disks_that_were_restored_go_with_the_machine(
        self, snapshots: SnapshotProvider, compute: ComputeProvider, harness: SnapshotHarness
    ) -> None:
        """Disks that a restore made are deleted with the instance."""
        before = list(harness.belongings())
        made = compute.create_instance(full_spec(harness, "web"), TOKEN)
        machine = Machine(compute, harness, made.reference)
        machine.becomes(InstanceState.RUNNING)
        kept = _taken(snapshots, harness, machine)
        if snapshots.must_stop_to_restore(machine.now()):
            compute.stop_instance(machine.reference)
            machine.becomes(InstanceState.STOPPED)
        _restore(snapshots, harness, machine, kept.id)
        compute.delete_instance(machine.reference)
        machine.becomes(InstanceState.DELETED)
        assert list(harness.belongings()) == before

    def test_one_token_takes_one_snapshot(
        self, snapshots: SnapshotProvider, machine: Machine, harness: SnapshotHarness
    ) -> None:
        """A second request with the token returns the snapshot of the first."""
        first = snapshots.create_snapshot(machine.reference, "nightly", OTHER_TOKEN)
        second = _again(snapshots, machine)
        assert first.id == second.id
        assert first.token == OTHER_TOKEN
        [listed] = snapshots.list_snapshots(machine.region, machine.id)
        assert (listed.id, listed.token, listed.name) == (first.id, OTHER_TOKEN, "nightly")

    def test_a_lost_reply_takes_one_snapshot(
        self, snapshots: SnapshotProvider, machine: Machine, harness: SnapshotHarness
    ) -> None:
        """A snapshot whose reply was lost is found by its token."""
        harness.fail(Failure.LOST_CHANGE)
        taken = _again(snapshots, machine)
        harness.recover()
        [listed] = snapshots.list_snapshots(machine.region, machine.id)
        assert (listed.id, listed.token) == (taken.id, OTHER_TOKEN)

    def test_a_lost_reply_of_a_restore_restores(
        self, snapshots: SnapshotProvider, two_disks: Machine, harness: SnapshotHarness
    ) -> None:
        """A restore whose reply was lost goes on with the same disks."""
        harness.write(two_disks.id, "before")
        kept = _taken(snapshots, harness, two_disks)
        harness.write(two_disks.id, "after")
        belongings = len(harness.belongings())
        if snapshots.must_stop_to_restore(two_disks.now()):
            two_disks.compute.stop_instance(two_disks.reference)
            two_disks.becomes(InstanceState.STOPPED)
        harness.fail(Failure.LOST_CHANGE)
        _restore(snapshots, harness, two_disks, kept.id)
        harness.recover()
        assert set(harness.read(two_disks.id)) == {"before"}
        assert len(harness.belongings()) == belongings

    def test_a_lost_reply_of_a_delete_deletes_the_snapshot(
        self, snapshots: SnapshotProvider, machine: Machine, harness: SnapshotHarness
    ) -> None:
        """A delete whose reply was lost can be repeated."""
        kept = _taken(snapshots, harness, machine)
        harness.fail(Failure.LOST_CHANGE)
        ask_again(lambda: snapshots.delete_snapshot(machine.reference, kept.id), harness)
        harness.recover()
        _await_no_snapshot(snapshots, machine)

    @pytest.mark.parametrize("change", ["create", "restore"])
    def test_a_reused_id_keeps_its_disks(
        self, snapshots: SnapshotProvider, machine: Machine, harness: SnapshotHarness, change: str
    ) -> None:
        """A snapshot or restore of a deleted instance does not reach a new one with its id."""
        kept = _taken(snapshots, harness, machine)
        stranger = stranger_of(machine)
        if stranger is None:
            return
        changes: dict[str, Callable[[], object]] = {
            "create": lambda: snapshots.create_snapshot(machine.reference, "again", TOKEN),
            "restore": lambda: snapshots.restore_snapshot(machine.reference, kept.id, OTHER_TOKEN),
        }
        with pytest.raises(NotFound):
            changes[change]()
        assert_untouched(stranger)

    def test_a_deleted_snapshot_is_gone(
        self, snapshots: SnapshotProvider, machine: Machine, harness: SnapshotHarness
    ) -> None:
        """A repeated delete, and a delete of an unknown snapshot, are no errors."""
        kept = _taken(snapshots, harness, machine)
        snapshots.delete_snapshot(machine.reference, kept.id)
        _await_no_snapshot(snapshots, machine)
        snapshots.delete_snapshot(machine.reference, kept.id)
        with pytest.raises(NotFound):
            snapshots.restore_snapshot(machine.reference, kept.id, OTHER_TOKEN)
        assert machine.now().state is InstanceState.RUNNING

    def test_a_running_machine_is_not_restored(
        self, snapshots: SnapshotProvider, machine: Machine, harness: SnapshotHarness
    ) -> None:
        """A running instance refuses a restore that needs a stop."""
        kept = _taken(snapshots, harness, machine)
        if snapshots.must_stop_to_restore(machine.now()):
            with pytest.raises((InvalidRequest, Conflict)):
                snapshots.restore_snapshot(machine.reference, kept.id, OTHER_TOKEN)
            assert machine.now().state is InstanceState.RUNNING

    def test_an_unknown_machine_has_no_snapshots(
        self, snapshots: SnapshotProvider, harness: SnapshotHarness
    ) -> None:
        """A snapshot of an unknown instance raises NotFound."""
        with pytest.raises(NotFound):
            snapshots.create_snapshot(unknown_machine(harness), "nightly", OTHER_TOKEN)


def _again(snapshots: SnapshotProvider, machine: Machine) -> InstanceSnapshot:
    """Take the snapshot again with the token, as a task's retry does."""
    end = time.monotonic() + machine.harness.deadline_seconds
    while True:
        try:
            return snapshots.create_snapshot(machine.reference, "nightly", OTHER_TOKEN)
        except Transient:
            assert time.monotonic() < end, "the instance is busy with its snapshot for ever"
            time.sleep(machine.harness.poll_seconds)


def _taken(
    snapshots: SnapshotProvider, harness: SnapshotHarness, machine: Machine
) -> InstanceSnapshot:
    """Take a snapshot and wait until it can be used."""
    kept = snapshots.create_snapshot(machine.reference, "nightly", OTHER_TOKEN)
    end = time.monotonic() + harness.deadline_seconds
    while kept.state is not SnapshotState.AVAILABLE:
        assert kept.state is SnapshotState.PENDING
        assert time.monotonic() < end, "the snapshot is not ready in time"
        time.sleep(harness.poll_seconds)
        [kept] = snapshots.list_snapshots(machine.region, machine.id)
    return kept


def _await_no_snapshot(snapshots: SnapshotProvider, machine: Machine) -> None:
    end = time.monotonic() + machine.harness.deadline_seconds
    while list(snapshots.list_snapshots(machine.region, machine.id)):
        assert time.monotonic() < end, "the snapshot is still there"
        time.sleep(machine.harness.poll_seconds)


def _restore(
    snapshots: SnapshotProvider, harness: SnapshotHarness, machine: Machine, snapshot_id: str
) -> None:
    """Restore as an operation does: again with the token, until it is done."""
    end = time.monotonic() + harness.deadline_seconds
    done = False
    while not done:
        with suppress(Transient):
            done = snapshots.restore_snapshot(machine.reference, snapshot_id, OTHER_TOKEN)
        assert time.monotonic() < end, "the machine is not restored in time"
        time.sleep(harness.poll_seconds)

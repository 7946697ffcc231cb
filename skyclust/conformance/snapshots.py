"""The suite of `SnapshotProvider`: snapshots of an instance's disks, and restoring them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from skyclust.conformance.creation import OTHER_TOKEN
from skyclust.conformance.harness import Failure, SnapshotHarness
from skyclust.conformance.instance import (
    TOKEN,
    InstanceSuite,
    InstanceUnderTest,
    assert_untouched,
    call_with_retries,
    instance_with_reused_id,
    unknown_instance,
)
from skyclust.conformance.interrupted_creation import full_spec
from skyclust.contract import ComputeProvider, Provider, SnapshotProvider
from skyclust.errors import Conflict, InvalidRequest, NotFound, Transient
from skyclust.model.instance import InstanceState
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState


class SnapshotSuite(InstanceSuite):
    """The requirements on a provider that takes snapshots of instances."""

    @pytest.fixture
    def snapshots(self, provider: Provider) -> SnapshotProvider:
        """Return the provider as a SnapshotProvider."""
        assert isinstance(provider, SnapshotProvider)
        return provider

    @pytest.fixture
    def two_disks(self, compute: ComputeProvider, harness: SnapshotHarness) -> InstanceUnderTest:
        """Return a new, running instance with a boot disk and a data disk."""
        made = compute.create_instance(full_spec(harness, "web"), TOKEN)
        instance = InstanceUnderTest(compute, harness, made.reference)
        instance.wait_for(InstanceState.RUNNING)
        return instance

    def test_an_instance_is_restored_to_its_snapshot(
        self, snapshots: SnapshotProvider, two_disks: InstanceUnderTest, harness: SnapshotHarness
    ) -> None:
        """All disks are restored, the instance is the same, and nothing is left behind."""
        harness.write_disks(two_disks.id, "before")
        disks = len(harness.read_disks(two_disks.id))
        assert disks >= 2
        snapshot = _taken(snapshots, harness, two_disks)
        harness.write_disks(two_disks.id, "after")
        resource_count = len(harness.resource_ids())
        if snapshots.must_stop_to_restore(two_disks.get()):
            two_disks.compute.stop_instance(two_disks.reference)
            two_disks.wait_for(InstanceState.STOPPED)
        _restore(snapshots, harness, two_disks, snapshot.id)
        assert list(harness.read_disks(two_disks.id)) == ["before"] * disks
        assert len(harness.resource_ids()) == resource_count
        two_disks.compute.start_instance(two_disks.reference)
        two_disks.wait_for(InstanceState.RUNNING)
        two_disks.compute.delete_instance(two_disks.reference)
        two_disks.wait_for(InstanceState.DELETED)
        assert harness.instance_count() == 0

    def test_restored_disks_are_deleted_with_the_instance(
        self, snapshots: SnapshotProvider, compute: ComputeProvider, harness: SnapshotHarness
    ) -> None:
        """Disks that a restore created are deleted with the instance."""
        before = list(harness.resource_ids())
        made = compute.create_instance(full_spec(harness, "web"), TOKEN)
        instance = InstanceUnderTest(compute, harness, made.reference)
        instance.wait_for(InstanceState.RUNNING)
        snapshot = _taken(snapshots, harness, instance)
        if snapshots.must_stop_to_restore(instance.get()):
            compute.stop_instance(instance.reference)
            instance.wait_for(InstanceState.STOPPED)
        _restore(snapshots, harness, instance, snapshot.id)
        compute.delete_instance(instance.reference)
        instance.wait_for(InstanceState.DELETED)
        assert list(harness.resource_ids()) == before

    def test_one_token_takes_one_snapshot(
        self, snapshots: SnapshotProvider, instance: InstanceUnderTest, harness: SnapshotHarness
    ) -> None:
        """A second request with the token returns the snapshot of the first."""
        first = snapshots.create_snapshot(instance.reference, "nightly", OTHER_TOKEN)
        second = _again(snapshots, instance)
        assert first.id == second.id
        assert first.token == OTHER_TOKEN
        [listed] = snapshots.list_snapshots(instance.region, instance.id)
        assert (listed.id, listed.token, listed.name) == (first.id, OTHER_TOKEN, "nightly")

    def test_a_lost_reply_takes_one_snapshot(
        self, snapshots: SnapshotProvider, instance: InstanceUnderTest, harness: SnapshotHarness
    ) -> None:
        """A snapshot whose reply was lost is found by its token."""
        harness.fail(Failure.LOST_CHANGE)
        taken = _again(snapshots, instance)
        harness.recover()
        [listed] = snapshots.list_snapshots(instance.region, instance.id)
        assert (listed.id, listed.token) == (taken.id, OTHER_TOKEN)

    def test_a_lost_reply_of_a_restore_restores(
        self, snapshots: SnapshotProvider, two_disks: InstanceUnderTest, harness: SnapshotHarness
    ) -> None:
        """A repeated restore whose reply was lost continues with the same disks."""
        harness.write_disks(two_disks.id, "before")
        snapshot = _taken(snapshots, harness, two_disks)
        harness.write_disks(two_disks.id, "after")
        resource_count = len(harness.resource_ids())
        if snapshots.must_stop_to_restore(two_disks.get()):
            two_disks.compute.stop_instance(two_disks.reference)
            two_disks.wait_for(InstanceState.STOPPED)
        harness.fail(Failure.LOST_CHANGE)
        _restore(snapshots, harness, two_disks, snapshot.id)
        harness.recover()
        assert set(harness.read_disks(two_disks.id)) == {"before"}
        assert len(harness.resource_ids()) == resource_count

    def test_a_lost_reply_of_a_delete_deletes_the_snapshot(
        self, snapshots: SnapshotProvider, instance: InstanceUnderTest, harness: SnapshotHarness
    ) -> None:
        """A delete whose reply was lost can be repeated."""
        snapshot = _taken(snapshots, harness, instance)
        harness.fail(Failure.LOST_CHANGE)
        call_with_retries(
            lambda: snapshots.delete_snapshot(instance.reference, snapshot.id), harness
        )
        harness.recover()
        _await_no_snapshot(snapshots, instance)

    @pytest.mark.parametrize("change", ["create", "restore"])
    def test_a_reused_id_keeps_its_disks(
        self,
        snapshots: SnapshotProvider,
        instance: InstanceUnderTest,
        harness: SnapshotHarness,
        change: str,
    ) -> None:
        """A snapshot or restore of a deleted instance does not reach a new one with its id."""
        snapshot = _taken(snapshots, harness, instance)
        other = instance_with_reused_id(instance)
        if other is None:
            return
        changes: dict[str, Callable[[], object]] = {
            "create": lambda: snapshots.create_snapshot(instance.reference, "again", TOKEN),
            "restore": lambda: snapshots.restore_snapshot(
                instance.reference, snapshot.id, OTHER_TOKEN
            ),
        }
        with pytest.raises(NotFound):
            changes[change]()
        assert_untouched(other)

    def test_a_deleted_snapshot_is_gone(
        self, snapshots: SnapshotProvider, instance: InstanceUnderTest, harness: SnapshotHarness
    ) -> None:
        """A repeated delete, and a delete of an unknown snapshot, are no errors."""
        snapshot = _taken(snapshots, harness, instance)
        snapshots.delete_snapshot(instance.reference, snapshot.id)
        _await_no_snapshot(snapshots, instance)
        snapshots.delete_snapshot(instance.reference, snapshot.id)
        with pytest.raises(NotFound):
            snapshots.restore_snapshot(instance.reference, snapshot.id, OTHER_TOKEN)
        assert instance.get().state is InstanceState.RUNNING

    def test_a_running_instance_is_not_restored(
        self, snapshots: SnapshotProvider, instance: InstanceUnderTest, harness: SnapshotHarness
    ) -> None:
        """A running instance refuses a restore that needs a stop."""
        snapshot = _taken(snapshots, harness, instance)
        if snapshots.must_stop_to_restore(instance.get()):
            with pytest.raises((InvalidRequest, Conflict)):
                snapshots.restore_snapshot(instance.reference, snapshot.id, OTHER_TOKEN)
            assert instance.get().state is InstanceState.RUNNING

    def test_an_unknown_instance_has_no_snapshots(
        self, snapshots: SnapshotProvider, harness: SnapshotHarness
    ) -> None:
        """A snapshot of an unknown instance raises NotFound."""
        with pytest.raises(NotFound):
            snapshots.create_snapshot(unknown_instance(harness), "nightly", OTHER_TOKEN)


def _again(snapshots: SnapshotProvider, instance: InstanceUnderTest) -> InstanceSnapshot:
    """Take the snapshot with the same token, as the retry of a task does."""
    end = time.monotonic() + instance.harness.deadline_seconds
    while True:
        try:
            return snapshots.create_snapshot(instance.reference, "nightly", OTHER_TOKEN)
        except Transient:
            assert time.monotonic() < end, "the instance stays busy with its snapshot"
            time.sleep(instance.harness.poll_seconds)


def _taken(
    snapshots: SnapshotProvider, harness: SnapshotHarness, instance: InstanceUnderTest
) -> InstanceSnapshot:
    """Take a snapshot and wait until it can be used."""
    snapshot = snapshots.create_snapshot(instance.reference, "nightly", OTHER_TOKEN)
    end = time.monotonic() + harness.deadline_seconds
    while snapshot.state is not SnapshotState.AVAILABLE:
        assert snapshot.state is SnapshotState.PENDING
        assert time.monotonic() < end, "the snapshot is not ready in time"
        time.sleep(harness.poll_seconds)
        [snapshot] = snapshots.list_snapshots(instance.region, instance.id)
    return snapshot


def _await_no_snapshot(snapshots: SnapshotProvider, instance: InstanceUnderTest) -> None:
    end = time.monotonic() + instance.harness.deadline_seconds
    while list(snapshots.list_snapshots(instance.region, instance.id)):
        assert time.monotonic() < end, "the snapshot still exists"
        time.sleep(instance.harness.poll_seconds)


def _restore(
    snapshots: SnapshotProvider,
    harness: SnapshotHarness,
    instance: InstanceUnderTest,
    snapshot_id: str,
) -> None:
    """Restore as an operation does: repeat with the token until the restore is complete."""
    end = time.monotonic() + harness.deadline_seconds
    done = False
    while not done:
        with suppress(Transient):
            done = snapshots.restore_snapshot(instance.reference, snapshot_id, OTHER_TOKEN)
        assert time.monotonic() < end, "the instance is not restored in time"
        time.sleep(harness.poll_seconds)

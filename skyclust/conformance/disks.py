"""The suite of `DiskProvider`: attaching and detaching disks."""

from __future__ import annotations

import time

import pytest

from skyclust.conformance.harness import DiskHarness, Failure
from skyclust.conformance.instance import (
    InstanceSuite,
    InstanceUnderTest,
    call_with_retries,
    instance_with_reused_id,
    unknown_instance,
)
from skyclust.contract import ComputeProvider, DiskProvider, InventoryProvider, Provider
from skyclust.errors import NotFound, Transient
from skyclust.model.instance import InstanceState
from skyclust.model.resource import Resource, ResourceKind


class DiskSuite(InstanceSuite):
    """The requirements on a provider that attaches disks."""

    @pytest.fixture
    def disks(self, provider: Provider) -> DiskProvider:
        """Return the provider as a DiskProvider."""
        assert isinstance(provider, DiskProvider)
        return provider

    def test_a_disk_is_attached_and_detached(
        self, disks: DiskProvider, instance: InstanceUnderTest, harness: DiskHarness
    ) -> None:
        """A disk is attached and detached, each twice without an error, and then still exists."""
        disk_id = harness.spare_disk()
        disks.attach_disk(instance.reference, disk_id)
        _await_attachment(disks, harness, disk_id, attached_to=instance.id)
        disks.attach_disk(instance.reference, disk_id)
        instance.wait_for(InstanceState.RUNNING)
        disks.detach_disk(instance.reference, disk_id)
        _await_attachment(disks, harness, disk_id, attached_to=None)
        disks.detach_disk(instance.reference, disk_id)
        assert disk_id in harness.resource_ids()

    def test_a_lost_reply_attaches_and_detaches_once(
        self, disks: DiskProvider, instance: InstanceUnderTest, harness: DiskHarness
    ) -> None:
        """An attach or a detach whose reply was lost can be repeated."""
        disk_id = harness.spare_disk()
        harness.fail(Failure.LOST_CHANGE)
        call_with_retries(lambda: disks.attach_disk(instance.reference, disk_id), harness)
        harness.recover()
        _await_attachment(disks, harness, disk_id, attached_to=instance.id)
        instance.wait_for(InstanceState.RUNNING)
        harness.fail(Failure.LOST_CHANGE)
        call_with_retries(lambda: disks.detach_disk(instance.reference, disk_id), harness)
        harness.recover()
        _await_attachment(disks, harness, disk_id, attached_to=None)

    def test_a_reused_id_takes_and_gives_no_disk(
        self, disks: DiskProvider, instance: InstanceUnderTest, harness: DiskHarness
    ) -> None:
        """A disk is not attached to another instance that has the id of a deleted one."""
        other = instance_with_reused_id(instance)
        if other is None:
            return
        disk_id = harness.spare_disk()
        with pytest.raises(NotFound):
            disks.attach_disk(instance.reference, disk_id)
        _await_attachment(disks, harness, disk_id, attached_to=None)
        disks.attach_disk(other.reference, disk_id)
        _await_attachment(disks, harness, disk_id, attached_to=other.id)
        with pytest.raises(NotFound):
            disks.detach_disk(instance.reference, disk_id)
        _await_attachment(disks, harness, disk_id, attached_to=other.id)

    def test_an_attached_disk_outlives_the_instance(
        self, disks: DiskProvider, instance: InstanceUnderTest, harness: DiskHarness
    ) -> None:
        """A disk that existed before the instance outlives it."""
        disk_id = harness.spare_disk()
        disks.attach_disk(instance.reference, disk_id)
        _await_attachment(disks, harness, disk_id, attached_to=instance.id)
        instance.compute.delete_instance(instance.reference)
        instance.wait_for(InstanceState.DELETED)
        _await_attachment(disks, harness, disk_id, attached_to=None)

    def test_a_disk_and_inventory_agree(
        self,
        disks: DiskProvider,
        compute: ComputeProvider,
        instance: InstanceUnderTest,
        harness: DiskHarness,
    ) -> None:
        """The inventory shows the disk as `get_disk` does, so that it reports no change."""
        assert isinstance(compute, InventoryProvider)
        disk_id = harness.spare_disk()
        disks.attach_disk(instance.reference, disk_id)
        read = _await_attachment(disks, harness, disk_id, attached_to=instance.id)
        pages = compute.list_resources(harness.region, ResourceKind.DISK)
        assert [disk for page in pages for disk in page if disk.id == disk_id] == [read]

    def test_an_unknown_disk_is_not_found(
        self, disks: DiskProvider, instance: InstanceUnderTest, harness: DiskHarness
    ) -> None:
        """An unknown disk is NotFound."""
        with pytest.raises(NotFound):
            disks.get_disk(harness.region, harness.unknown_disk_id)
        with pytest.raises(NotFound):
            disks.attach_disk(instance.reference, harness.unknown_disk_id)

    def test_an_unknown_instance_takes_no_disk(
        self, disks: DiskProvider, harness: DiskHarness
    ) -> None:
        """An unknown instance is NotFound, and the disk stays available."""
        disk_id = harness.spare_disk()
        with pytest.raises(NotFound):
            disks.attach_disk(unknown_instance(harness), disk_id)
        _await_attachment(disks, harness, disk_id, attached_to=None)


def _await_attachment(
    disks: DiskProvider, harness: DiskHarness, disk_id: str, *, attached_to: str | None
) -> Resource:
    """Wait until a disk is attached to the instance, or is detached; return the disk."""
    expected = [attached_to] if attached_to else []
    end = time.monotonic() + harness.deadline_seconds
    while True:
        try:
            disk = disks.get_disk(harness.region, disk_id)
            if disk.attributes["attached_to"] == expected:
                return disk
        except Transient:
            pass
        assert time.monotonic() < end, f"disk {disk_id} is not attached to {expected}"
        time.sleep(harness.poll_seconds)

"""The suite of `DiskProvider`: attaching and detaching disks."""

from __future__ import annotations

import time

import pytest

from skyclust.conformance.harness import DiskHarness, Failure
from skyclust.conformance.machine import (
    Machine,
    MachineSuite,
    ask_again,
    stranger_of,
    unknown_machine,
)
from skyclust.contract import ComputeProvider, DiskProvider, InventoryProvider, Provider
from skyclust.errors import NotFound, Transient
from skyclust.model.instance import InstanceState
from skyclust.model.resource import Resource, ResourceKind


class DiskSuite(MachineSuite):
    """The requirements on a provider that attaches disks."""

    @pytest.fixture
    def disks(self, provider: Provider) -> DiskProvider:
        """Return the provider as one that attaches disks."""
        assert isinstance(provider, DiskProvider)
        return provider

    def test_a_disk_comes_and_goes(
        self, disks: DiskProvider, machine: Machine, harness: DiskHarness
    ) -> None:
        """A disk is attached and detached, each twice without an error, and then still exists."""
        disk_id = harness.spare_disk()
        disks.attach_disk(machine.reference, disk_id)
        _becomes(disks, harness, disk_id, attached_to=machine.id)
        disks.attach_disk(machine.reference, disk_id)
        machine.becomes(InstanceState.RUNNING)
        disks.detach_disk(machine.reference, disk_id)
        _becomes(disks, harness, disk_id, attached_to=None)
        disks.detach_disk(machine.reference, disk_id)
        assert disk_id in harness.belongings()

    def test_a_lost_reply_attaches_and_detaches_once(
        self, disks: DiskProvider, machine: Machine, harness: DiskHarness
    ) -> None:
        """An attach or a detach whose reply was lost can be repeated."""
        disk_id = harness.spare_disk()
        harness.fail(Failure.LOST_CHANGE)
        ask_again(lambda: disks.attach_disk(machine.reference, disk_id), harness)
        harness.recover()
        _becomes(disks, harness, disk_id, attached_to=machine.id)
        machine.becomes(InstanceState.RUNNING)
        harness.fail(Failure.LOST_CHANGE)
        ask_again(lambda: disks.detach_disk(machine.reference, disk_id), harness)
        harness.recover()
        _becomes(disks, harness, disk_id, attached_to=None)

    def test_a_reused_id_takes_and_gives_no_disk(
        self, disks: DiskProvider, machine: Machine, harness: DiskHarness
    ) -> None:
        """A disk is not attached to another instance that has the id of a deleted one."""
        stranger = stranger_of(machine)
        if stranger is None:
            return
        disk_id = harness.spare_disk()
        with pytest.raises(NotFound):
            disks.attach_disk(machine.reference, disk_id)
        _becomes(disks, harness, disk_id, attached_to=None)
        disks.attach_disk(stranger.reference, disk_id)
        _becomes(disks, harness, disk_id, attached_to=stranger.id)
        with pytest.raises(NotFound):
            disks.detach_disk(machine.reference, disk_id)
        _becomes(disks, harness, disk_id, attached_to=stranger.id)

    def test_an_attached_disk_outlives_the_machine(
        self, disks: DiskProvider, machine: Machine, harness: DiskHarness
    ) -> None:
        """A disk that existed before the instance outlives it."""
        disk_id = harness.spare_disk()
        disks.attach_disk(machine.reference, disk_id)
        _becomes(disks, harness, disk_id, attached_to=machine.id)
        machine.compute.delete_instance(machine.reference)
        machine.becomes(InstanceState.DELETED)
        _becomes(disks, harness, disk_id, attached_to=None)

    def test_a_disk_and_inventory_agree(
        self,
        disks: DiskProvider,
        compute: ComputeProvider,
        machine: Machine,
        harness: DiskHarness,
    ) -> None:
        """The inventory shows the disk as `get_disk` does, so that it reports no change."""
        assert isinstance(compute, InventoryProvider)
        disk_id = harness.spare_disk()
        disks.attach_disk(machine.reference, disk_id)
        read = _becomes(disks, harness, disk_id, attached_to=machine.id)
        pages = compute.list_resources(harness.region, ResourceKind.DISK)
        assert [one for page in pages for one in page if one.id == disk_id] == [read]

    def test_an_unknown_disk_is_not_found(
        self, disks: DiskProvider, machine: Machine, harness: DiskHarness
    ) -> None:
        """An unknown disk is NotFound."""
        with pytest.raises(NotFound):
            disks.get_disk(harness.region, harness.unknown_disk_id)
        with pytest.raises(NotFound):
            disks.attach_disk(machine.reference, harness.unknown_disk_id)

    def test_an_unknown_machine_takes_no_disk(
        self, disks: DiskProvider, harness: DiskHarness
    ) -> None:
        """An unknown instance is NotFound, and the disk stays available."""
        disk_id = harness.spare_disk()
        with pytest.raises(NotFound):
            disks.attach_disk(unknown_machine(harness), disk_id)
        _becomes(disks, harness, disk_id, attached_to=None)


def _becomes(
    disks: DiskProvider, harness: DiskHarness, disk_id: str, *, attached_to: str | None
) -> Resource:
    """Wait until a disk is attached to an instance, or to none."""
    wanted = [attached_to] if attached_to else []
    end = time.monotonic() + harness.deadline_seconds
    while True:
        try:
            disk = disks.get_disk(harness.region, disk_id)
            if disk.attributes["attached_to"] == wanted:
                return disk
        except Transient:
            pass
        assert time.monotonic() < end, f"disk {disk_id} is not attached to {wanted}"
        time.sleep(harness.poll_seconds)

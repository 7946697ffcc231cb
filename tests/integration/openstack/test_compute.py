"""Changing servers: what Nova does in steps, and what it gives up on the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from providers.openstack.provider import OpenStackProvider
from skyclust.errors import (
    CapacityExhausted,
    Conflict,
    InvalidRequest,
    NotFound,
    SkyClustError,
    Timeout,
    Unsupported,
)
from skyclust.model.instance import DiskSpec, InstanceState
from skyclust.model.snapshot import SnapshotState
from skyclust.operations.waiting import wait_for_state
from skyclust_sandbox.faults import Fault, FaultKind
from tests.conformance.openstack import OpenStackHarness
from tests.fixtures.openstack import OpenStackSandbox
from tests.integration.openstack.server import TOKEN, One

pytestmark = pytest.mark.integration

RESIZE = "compute.servers.resize"


def test_a_resize_that_somebody_left_undecided_is_confirmed(machine: One) -> None:
    """A process that died between the two steps is carried on by the next call."""
    machine.act(resize={"flavorRef": "3"})
    machine.awaited("VERIFY_RESIZE")
    machine.provider.resize_instance(machine.reference, "m1.medium")
    instance = machine.provider.get_instance(machine.region, machine.id)
    assert (instance.state, instance.type) == (InstanceState.RUNNING, "m1.medium")


def test_another_resize_that_waits_is_not_decided_for_somebody(machine: One) -> None:
    machine.act(resize={"flavorRef": "4"})
    machine.awaited("VERIFY_RESIZE")
    with pytest.raises(Conflict, match="confirmed or reverted"):
        machine.provider.resize_instance(machine.reference, "m1.medium")


def test_a_resize_that_takes_long_is_carried_on(
    machine: One, openstack_sandbox: OpenStackSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    openstack_sandbox.inject(
        Fault(kind=FaultKind.ERROR, action=RESIZE, code="Slow", seconds=1.0, times=1)
    )
    monkeypatch.setattr("providers.openstack.resize.MOVE_SECONDS", 0.2)
    with pytest.raises(Timeout):
        machine.provider.resize_instance(machine.reference, "m1.medium")
    monkeypatch.setattr("providers.openstack.resize.MOVE_SECONDS", 10.0)
    machine.provider.resize_instance(machine.reference, "m1.medium")
    assert machine.provider.get_instance(machine.region, machine.id).type == "m1.medium"


def test_a_resize_that_finds_no_room_is_told(
    machine: One, openstack_sandbox: OpenStackSandbox
) -> None:
    openstack_sandbox.inject(Fault(kind=FaultKind.ERROR, action=RESIZE, code="NoValidHost"))
    with pytest.raises(CapacityExhausted, match=r"m1\.medium"):
        machine.provider.resize_instance(machine.reference, "m1.medium")
    assert machine.provider.get_instance(machine.region, machine.id).type == "m1.small"


def test_a_machine_whose_image_is_taken_is_busy(
    machine: One, openstack_sandbox: OpenStackSandbox
) -> None:
    """Nova refuses with 409, and it passes: so nobody is told to stop the machine first."""
    openstack_sandbox.inject(
        Fault(kind=FaultKind.ERROR, action="compute.servers.createImage", code="Slow", seconds=5)
    )
    machine.act(createImage={"name": "kept"})
    with pytest.raises(Conflict, match=r"image_\w+\) just now"):
        machine.provider.resize_instance(machine.reference, "m1.medium")
    with pytest.raises(Conflict, match="just now"):
        machine.provider.stop_instance(machine.reference)


def test_a_disk_does_not_shrink(machine: One) -> None:
    with pytest.raises(InvalidRequest, match="does not go into"):
        machine.provider.resize_instance(machine.reference, "m1.tiny")


@pytest.mark.parametrize("action", ["pause", "suspend", "shelve"])
def test_a_start_brings_back_what_does_not_run(machine: One, action: str) -> None:
    machine.act(**{action: None})
    state = {"shelve": InstanceState.STOPPED}.get(action, InstanceState.SUSPENDED)
    end = time.monotonic() + 10
    while machine.provider.get_instance(machine.region, machine.id).state is not state:
        assert time.monotonic() < end
        time.sleep(0.03)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            machine.provider.start_instance(machine.reference)
            break
        except Conflict:
            time.sleep(0.03)
    machine.becomes(InstanceState.RUNNING)


def test_a_locked_machine_is_not_touched(machine: One) -> None:
    machine.act(lock=None)
    changes: list[Callable[[], None]] = [
        lambda: machine.provider.stop_instance(machine.reference),
        lambda: machine.provider.delete_instance(machine.reference),
    ]
    for change in changes:
        with pytest.raises((InvalidRequest, SkyClustError)):
            change()
    assert machine.native() == "ACTIVE"


def test_an_address_goes_with_a_machine_that_is_gone_already(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    """A machine that somebody else deleted leaves its address; deleting it again removes that."""
    before = list(harness.belongings())
    one = One(provider, harness, public_address=True)
    assert provider.get_instance(one.region, one.id).public_addresses
    harness.delete_server(one.id)
    one.becomes(InstanceState.DELETED)
    assert len(harness.belongings()) == len(before) + 1
    provider.delete_instance(one.reference)
    assert list(harness.belongings()) == before


def test_leftovers_are_the_address_of_a_machine_that_is_gone(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    """Another address with its id in the description is left, once it leads to another machine."""
    before = list(harness.belongings())
    one = One(provider, harness, public_address=True)
    harness.delete_server(one.id)
    one.becomes(InstanceState.DELETED)
    made = provider.create_instance(harness.spec("other"), "another-token")
    wait_for_state(
        provider, made.reference, InstanceState.RUNNING, deadline_seconds=20, poll_seconds=0.03
    )
    there = list(harness.belongings())
    provider.remove_leftovers(made.reference)
    assert list(harness.belongings()) == there
    provider.remove_leftovers(one.reference)
    assert len(harness.belongings()) == len(there) - 1
    assert provider.get_instance(one.region, made.id).public_addresses
    provider.delete_instance(made.reference)
    wait_for_state(
        provider, made.reference, InstanceState.DELETED, deadline_seconds=20, poll_seconds=0.03
    )
    assert list(harness.belongings()) == before


def test_a_reference_to_another_machine_changes_nothing(machine: One) -> None:
    """Nova gives an id once, so the id itself is the proof."""
    other = machine.reference.model_copy(update={"unique_id": machine.harness.unknown_instance_id})
    changes: list[Callable[[], object]] = [
        lambda: machine.provider.stop_instance(other),
        lambda: machine.provider.reboot_instance(other),
        lambda: machine.provider.resize_instance(other, "m1.medium"),
        lambda: machine.provider.delete_instance(other),
        lambda: machine.provider.set_tags(other, {"a": "b"}),
        lambda: machine.provider.create_snapshot(other, "nightly", TOKEN),
        lambda: machine.provider.attach_disk(other, machine.harness.unknown_disk_id),
    ]
    for change in changes:
        with pytest.raises(NotFound, match="another machine has its id"):
            change()
    machine.provider.remove_leftovers(other)
    assert machine.native() == "ACTIVE"


@pytest.mark.parametrize("action", ["pause", "suspend"])
def test_a_machine_that_stands_still_is_not_resized(machine: One, action: str) -> None:
    machine.act(**{action: None})
    machine.awaited(f"{action.upper()}{'D' if action == 'pause' else 'ED'}")
    with pytest.raises(InvalidRequest, match="An instance has to be stopped"):
        machine.provider.resize_instance(machine.reference, "m1.medium")


def test_a_machine_that_boots_from_a_volume_has_no_snapshots(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    one = One(provider, harness, boot_disk=DiskSpec(size_gib=12))
    with pytest.raises(Unsupported, match="boots from a volume"):
        provider.create_snapshot(one.reference, "nightly", TOKEN)


def _kept(one: One, token: str) -> str:
    kept = one.provider.create_snapshot(one.reference, "nightly", token)
    end = time.monotonic() + 10
    while kept.state is not SnapshotState.AVAILABLE and time.monotonic() < end:
        time.sleep(0.03)
        kept = one.provider.list_snapshots(one.region, one.id)[-1]
    return kept.id


def test_only_the_newest_snapshot_of_volumes_is_restored(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    """Cinder goes back to the newest snapshot only; nothing is touched before that is told."""
    one = One(provider, harness, disks=(DiskSpec(size_gib=1),))
    first, _ = _kept(one, "first"), _kept(one, "second")
    provider.stop_instance(one.reference)
    one.becomes(InstanceState.STOPPED)
    with pytest.raises(InvalidRequest, match="newer snapshots"):
        provider.restore_snapshot(one.reference, first, "restore")
    assert one.native() == "SHUTOFF"


def test_a_volume_goes_with_the_last_snapshot_of_a_machine_that_is_gone(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    before = list(harness.belongings())
    one = One(provider, harness, disks=(DiskSpec(size_gib=1),))
    kept = _kept(one, "kept")
    provider.delete_instance(one.reference)
    one.becomes(InstanceState.DELETED)
    assert len(harness.belongings()) == len(before) + 1
    provider.delete_snapshot(one.reference, kept)
    end = time.monotonic() + 10
    while list(harness.belongings()) != before and time.monotonic() < end:
        time.sleep(0.03)
    assert list(harness.belongings()) == before
    assert list(provider.list_snapshots(one.region, one.id)) == []


def test_two_processes_restore_together(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    """A run and the run that took over from it may restore at once."""
    one = One(provider, harness, disks=(DiskSpec(size_gib=1),))
    harness.write(one.id, "before")
    kept = _kept(one, "kept")
    harness.write(one.id, "after")
    provider.stop_instance(one.reference)
    one.becomes(InstanceState.STOPPED)
    failures: list[SkyClustError] = []

    def restore() -> None:
        own = OpenStackProvider(harness.credential())
        end = time.monotonic() + 15
        while time.monotonic() < end:
            try:
                if own.restore_snapshot(one.reference, kept, "restore"):
                    return
            except Conflict:
                pass
            except SkyClustError as error:
                failures.append(error)
                return
            time.sleep(0.03)

    threads = [threading.Thread(target=restore) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert list(harness.read(one.id)) == ["before", "before"]


def test_a_console_of_a_machine_that_never_was(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    with pytest.raises(NotFound):
        provider.console_log(harness.region, harness.unknown_instance_id)

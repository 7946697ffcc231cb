"""Changing servers: operations of several steps, and failures between the steps."""

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
from tests.integration.openstack.server import TOKEN, RunningServer

pytestmark = pytest.mark.integration

RESIZE = "compute.servers.resize"


def test_an_unconfirmed_resize_to_the_same_flavor_is_confirmed(server: RunningServer) -> None:
    """The next call continues a resize whose process died between the two steps."""
    server.act(resize={"flavorRef": "3"})
    server.wait_for_native("VERIFY_RESIZE")
    server.provider.resize_instance(server.reference, "m1.medium")
    instance = server.provider.get_instance(server.region, server.id)
    assert (instance.state, instance.type) == (InstanceState.RUNNING, "m1.medium")


def test_an_unconfirmed_resize_to_another_flavor_is_a_conflict(server: RunningServer) -> None:
    server.act(resize={"flavorRef": "4"})
    server.wait_for_native("VERIFY_RESIZE")
    with pytest.raises(Conflict, match="confirmed or reverted"):
        server.provider.resize_instance(server.reference, "m1.medium")


def test_a_resize_that_times_out_is_continued(
    server: RunningServer, openstack_sandbox: OpenStackSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    openstack_sandbox.inject(
        Fault(kind=FaultKind.ERROR, action=RESIZE, code="Slow", seconds=1.0, times=1)
    )
    monkeypatch.setattr("providers.openstack.resize.MOVE_SECONDS", 0.2)
    with pytest.raises(Timeout):
        server.provider.resize_instance(server.reference, "m1.medium")
    monkeypatch.setattr("providers.openstack.resize.MOVE_SECONDS", 10.0)
    server.provider.resize_instance(server.reference, "m1.medium")
    assert server.provider.get_instance(server.region, server.id).type == "m1.medium"


def test_a_resize_without_a_valid_host_is_capacity_exhausted(
    server: RunningServer, openstack_sandbox: OpenStackSandbox
) -> None:
    openstack_sandbox.inject(Fault(kind=FaultKind.ERROR, action=RESIZE, code="NoValidHost"))
    with pytest.raises(CapacityExhausted, match=r"m1\.medium"):
        server.provider.resize_instance(server.reference, "m1.medium")
    assert server.provider.get_instance(server.region, server.id).type == "m1.small"


def test_a_server_whose_image_is_being_taken_is_busy(
    server: RunningServer, openstack_sandbox: OpenStackSandbox
) -> None:
    """Nova returns 409 for a short time, so the hint must not be to stop the server first."""
    openstack_sandbox.inject(
        Fault(kind=FaultKind.ERROR, action="compute.servers.createImage", code="Slow", seconds=5)
    )
    server.act(createImage={"name": "nightly"})
    with pytest.raises(Conflict, match=r"image_\w+\) just now"):
        server.provider.resize_instance(server.reference, "m1.medium")
    with pytest.raises(Conflict, match="just now"):
        server.provider.stop_instance(server.reference)


def test_a_resize_to_a_smaller_disk_is_refused(server: RunningServer) -> None:
    with pytest.raises(InvalidRequest, match="does not fit into"):
        server.provider.resize_instance(server.reference, "m1.tiny")


@pytest.mark.parametrize("action", ["pause", "suspend", "shelve"])
def test_a_start_also_unpauses_resumes_and_unshelves(server: RunningServer, action: str) -> None:
    server.act(**{action: None})
    state = {"shelve": InstanceState.STOPPED}.get(action, InstanceState.SUSPENDED)
    end = time.monotonic() + 10
    while server.provider.get_instance(server.region, server.id).state is not state:
        assert time.monotonic() < end
        time.sleep(0.03)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            server.provider.start_instance(server.reference)
            break
        except Conflict:
            time.sleep(0.03)
    server.wait_for(InstanceState.RUNNING)


def test_a_locked_server_is_not_changed(server: RunningServer) -> None:
    server.act(lock=None)
    changes: list[Callable[[], None]] = [
        lambda: server.provider.stop_instance(server.reference),
        lambda: server.provider.delete_instance(server.reference),
    ]
    for change in changes:
        with pytest.raises((InvalidRequest, SkyClustError)):
            change()
    assert server.native() == "ACTIVE"


def test_deleting_a_deleted_server_deletes_its_floating_ip(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    """A server that was deleted outside SkyClust leaves its floating IP behind."""
    before = list(harness.resource_ids())
    server = RunningServer(provider, harness, public_address=True)
    assert provider.get_instance(server.region, server.id).public_addresses
    harness.delete_server(server.id)
    server.wait_for(InstanceState.DELETED)
    assert len(harness.resource_ids()) == len(before) + 1
    provider.delete_instance(server.reference)
    assert list(harness.resource_ids()) == before


def test_leftovers_are_the_floating_ip_of_a_deleted_server(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    """The floating IP of a server that exists is kept."""
    before = list(harness.resource_ids())
    server = RunningServer(provider, harness, public_address=True)
    harness.delete_server(server.id)
    server.wait_for(InstanceState.DELETED)
    made = provider.create_instance(harness.spec("other"), "another-token")
    wait_for_state(
        provider, made.reference, InstanceState.RUNNING, deadline_seconds=20, poll_seconds=0.03
    )
    there = list(harness.resource_ids())
    provider.remove_leftovers(made.reference)
    assert list(harness.resource_ids()) == there
    provider.remove_leftovers(server.reference)
    assert len(harness.resource_ids()) == len(there) - 1
    assert provider.get_instance(server.region, made.id).public_addresses
    provider.delete_instance(made.reference)
    wait_for_state(
        provider, made.reference, InstanceState.DELETED, deadline_seconds=20, poll_seconds=0.03
    )
    assert list(harness.resource_ids()) == before


def test_a_reference_with_another_unique_id_changes_nothing(server: RunningServer) -> None:
    """Nova never uses an id again, so the id itself is the proof of identity."""
    other = server.reference.model_copy(update={"unique_id": server.harness.unknown_instance_id})
    changes: list[Callable[[], object]] = [
        lambda: server.provider.stop_instance(other),
        lambda: server.provider.reboot_instance(other),
        lambda: server.provider.resize_instance(other, "m1.medium"),
        lambda: server.provider.delete_instance(other),
        lambda: server.provider.set_tags(other, {"a": "b"}),
        lambda: server.provider.create_snapshot(other, "nightly", TOKEN),
        lambda: server.provider.attach_disk(other, server.harness.unknown_disk_id),
    ]
    for change in changes:
        with pytest.raises(NotFound, match="has its id"):
            change()
    server.provider.remove_leftovers(other)
    assert server.native() == "ACTIVE"


@pytest.mark.parametrize("action", ["pause", "suspend"])
def test_a_paused_or_suspended_server_is_not_resized(server: RunningServer, action: str) -> None:
    server.act(**{action: None})
    server.wait_for_native(f"{action.upper()}{'D' if action == 'pause' else 'ED'}")
    with pytest.raises(InvalidRequest, match="An instance has to be stopped"):
        server.provider.resize_instance(server.reference, "m1.medium")


def test_a_server_that_boots_from_a_volume_has_no_snapshots(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    server = RunningServer(provider, harness, boot_disk=DiskSpec(size_gib=12))
    with pytest.raises(Unsupported, match="boots from a volume"):
        provider.create_snapshot(server.reference, "nightly", TOKEN)


def _take_snapshot(server: RunningServer, token: str) -> str:
    snapshot = server.provider.create_snapshot(server.reference, "nightly", token)
    end = time.monotonic() + 10
    while snapshot.state is not SnapshotState.AVAILABLE and time.monotonic() < end:
        time.sleep(0.03)
        snapshot = server.provider.list_snapshots(server.region, server.id)[-1]
    return snapshot.id


def test_only_the_latest_snapshot_of_volumes_is_restored(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    """Cinder reverts to the latest snapshot only; the error is raised before any change."""
    server = RunningServer(provider, harness, disks=(DiskSpec(size_gib=1),))
    first, _ = _take_snapshot(server, "first"), _take_snapshot(server, "second")
    provider.stop_instance(server.reference)
    server.wait_for(InstanceState.STOPPED)
    with pytest.raises(InvalidRequest, match="newer snapshots"):
        provider.restore_snapshot(server.reference, first, "restore")
    assert server.native() == "SHUTOFF"


def test_a_volume_of_a_deleted_server_is_deleted_with_its_last_snapshot(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    before = list(harness.resource_ids())
    server = RunningServer(provider, harness, disks=(DiskSpec(size_gib=1),))
    snapshot = _take_snapshot(server, "snapshot")
    provider.delete_instance(server.reference)
    server.wait_for(InstanceState.DELETED)
    assert len(harness.resource_ids()) == len(before) + 1
    provider.delete_snapshot(server.reference, snapshot)
    end = time.monotonic() + 10
    while list(harness.resource_ids()) != before and time.monotonic() < end:
        time.sleep(0.03)
    assert list(harness.resource_ids()) == before
    assert list(provider.list_snapshots(server.region, server.id)) == []


def test_two_processes_restore_at_the_same_time(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    """A run and the run that took over from it may restore at the same time."""
    server = RunningServer(provider, harness, disks=(DiskSpec(size_gib=1),))
    harness.write_disks(server.id, "before")
    snapshot = _take_snapshot(server, "snapshot")
    harness.write_disks(server.id, "after")
    provider.stop_instance(server.reference)
    server.wait_for(InstanceState.STOPPED)
    failures: list[SkyClustError] = []

    def restore() -> None:
        own = OpenStackProvider(harness.credential())
        end = time.monotonic() + 15
        while time.monotonic() < end:
            try:
                if own.restore_snapshot(server.reference, snapshot, "restore"):
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
    assert list(harness.read_disks(server.id)) == ["before", "before"]


def test_the_console_of_an_unknown_server_is_not_found(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    with pytest.raises(NotFound):
        provider.console_log(harness.region, harness.unknown_instance_id)

"""Interrupted restores are continued, or their disks are deleted with the instance."""

from __future__ import annotations

import time

import pytest

from providers.gcp.labels import INSTANCE
from providers.gcp.provider import GcpProvider
from skyclust.errors import InvalidRequest, SkyClustError, Transient
from skyclust.model.instance import Instance, InstanceState
from skyclust.model.resource import ResourceKind
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.gcp import GcpSandbox
from tests.integration.gcp.conftest import REGION, Wait, provider_of

pytestmark = pytest.mark.integration

SNAPSHOT_TOKEN = "2f0f6bd5-51c8-4b7e-9d1c-5a0b0a4d3e33"
RESTORE_TOKEN = "3c1d7ce6-62d9-4c8f-8e2d-6b1c1b5e4f44"
DEADLINE_SECONDS = 20.0


@pytest.fixture
def snapshot(gcp: GcpProvider, instance: Instance, wait: Wait) -> InstanceSnapshot:
    """A snapshot of an instance that has been stopped since."""
    made = gcp.create_snapshot(instance.reference, "before", SNAPSHOT_TOKEN)
    end = time.monotonic() + DEADLINE_SECONDS
    while made.state is not SnapshotState.AVAILABLE:
        assert time.monotonic() < end
        time.sleep(0.02)
        [made] = gcp.list_snapshots(REGION, instance.id)
    gcp.stop_instance(instance.reference)
    wait(instance, InstanceState.STOPPED)
    return made


def _disks(gcp: GcpProvider) -> set[str]:
    pages = gcp.list_resources(REGION, ResourceKind.DISK)
    return {disk.id for page in pages for disk in page}


def _restore(gcp: GcpProvider, instance: Instance, snapshot: InstanceSnapshot) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    done = False
    while not done:
        assert time.monotonic() < end
        try:
            done = gcp.restore_snapshot(instance.reference, snapshot.id, RESTORE_TOKEN)
        except Transient:
            time.sleep(0.02)


def _fail_after(sandbox: GcpSandbox, calls: int) -> None:
    who = sandbox.access_key
    sandbox.inject(
        Fault(kind=FaultKind.DROP_REPLY, access_key=who, after=calls, times=1),
        Fault(kind=FaultKind.ERROR, access_key=who, after=calls),
    )


@pytest.mark.parametrize("deleted_after", [6, 15, 24, None])
def test_an_interrupted_restore_leaves_no_disks(
    gcp: GcpProvider,
    gcp_sandbox: GcpSandbox,
    instance: Instance,
    snapshot: InstanceSnapshot,
    wait: Wait,
    deleted_after: int | None,
) -> None:
    """It fails some calls later each time, until it is complete or the instance is deleted."""
    before = len(_disks(gcp))
    calls = 0
    interrupted = True
    while interrupted:
        _fail_after(gcp_sandbox, calls)
        interrupted = False
        try:
            while not gcp.restore_snapshot(
                instance.reference, snapshot.id, f"{RESTORE_TOKEN}-{calls}"
            ):
                time.sleep(0.01)
        except SkyClustError:
            interrupted = True
        gcp_sandbox.clear()
        calls += 3
        assert calls < 120
        if calls == deleted_after:
            break
    if deleted_after is None:
        _restore(provider_of(gcp_sandbox), instance, snapshot)
        assert len(_disks(gcp)) == before
    gcp.delete_instance(instance.reference)
    wait(instance, InstanceState.DELETED)
    end = time.monotonic() + DEADLINE_SECONDS
    while _disks(gcp):
        assert time.monotonic() < end, _disks(gcp)
        gcp.remove_leftovers(instance.reference)
        time.sleep(0.05)


def test_the_disks_of_a_restore_in_progress_are_no_leftovers(
    gcp: GcpProvider, instance: Instance, snapshot: InstanceSnapshot
) -> None:
    assert not gcp.restore_snapshot(instance.reference, snapshot.id, RESTORE_TOKEN)
    made = _disks(gcp)
    assert len(made) == 2
    gcp.remove_leftovers(instance.reference)
    _restore(gcp, instance, snapshot)
    assert len(_disks(gcp)) == 1
    assert gcp.get_instance(REGION, instance.id).attributes["disks"] == [*(made & _disks(gcp))]


def test_a_restored_instance_keeps_its_id_and_devices(
    gcp: GcpProvider, instance: Instance, snapshot: InstanceSnapshot, wait: Wait
) -> None:
    before = gcp.get_instance(REGION, instance.id)
    _restore(gcp, instance, snapshot)
    after = gcp.get_instance(REGION, instance.id)
    assert (after.id, after.tags) == (before.id, before.tags)
    assert len(after.attributes["disks"]) == len(before.attributes["disks"])  # type: ignore[arg-type]  # lists of ids
    assert after.attributes["disks"] != before.attributes["disks"]
    assert gcp.restore_snapshot(instance.reference, snapshot.id, RESTORE_TOKEN)
    gcp.start_instance(instance.reference)
    wait(instance, InstanceState.RUNNING)
    with pytest.raises(InvalidRequest):
        gcp.restore_snapshot(instance.reference, snapshot.id, RESTORE_TOKEN)


def test_a_restored_disk_that_a_user_detached_is_not_deleted(
    gcp: GcpProvider, instance: Instance, snapshot: InstanceSnapshot, wait: Wait
) -> None:
    _restore(gcp, instance, snapshot)
    disks = gcp.get_instance(REGION, instance.id).attributes["disks"]
    assert isinstance(disks, list)
    [boot] = disks
    gcp.detach_disk(instance.reference, str(boot))
    gcp.delete_instance(instance.reference)
    wait(instance, InstanceState.DELETED)
    gcp.remove_leftovers(instance.reference)
    disk = gcp.get_disk(REGION, str(boot))
    assert disk.native_state == "READY"
    assert INSTANCE not in disk.tags


def test_the_boot_disk_of_a_running_instance_is_not_detached(
    gcp: GcpProvider, instance: Instance
) -> None:
    disks = instance.attributes["disks"]
    assert isinstance(disks, list)
    with pytest.raises(InvalidRequest, match="boot disk"):
        gcp.detach_disk(instance.reference, str(disks[0]))

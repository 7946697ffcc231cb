"""Interrupted restores, and the settings that a restored disk keeps."""

from __future__ import annotations

import time

import pytest

from providers.azure.client import AzureClients
from providers.azure.instances import read_vm
from providers.azure.provider import AzureProvider
from providers.azure.replaced_disks import REPLACES_TAG
from skyclust.errors import SkyClustError
from skyclust.model.instance import DiskSpec, Instance, InstanceState
from skyclust.model.resource import ResourceKind
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState
from skyclust.operations.waiting import wait_for_state
from skyclust_sandbox.faults import Fault, FaultKind
from tests.conformance.azure import REGION
from tests.fixtures.azure import AzureSandbox
from tests.integration.azure.conftest import TOKEN, Becomes, Spec

pytestmark = pytest.mark.integration

DEADLINE_SECONDS = 20.0


@pytest.fixture
def instance(provider: AzureProvider, spec: Spec, becomes: Becomes) -> Instance:
    """Return an instance with a data disk."""
    created = provider.create_instance(spec(disks=(DiskSpec(size_gib=4),)), TOKEN)
    return becomes(created, InstanceState.RUNNING)


@pytest.fixture
def snapshot(provider: AzureProvider, instance: Instance, becomes: Becomes) -> InstanceSnapshot:
    """Return a snapshot of the instance, which is deallocated now."""
    taken = provider.create_snapshot(instance.reference, "before", TOKEN)
    end = time.monotonic() + DEADLINE_SECONDS
    while taken.state is not SnapshotState.AVAILABLE:
        assert time.monotonic() < end
        time.sleep(0.02)
        [taken] = provider.list_snapshots(REGION, instance.id)
    provider.stop_instance(instance.reference)
    becomes(instance, InstanceState.STOPPED)
    return taken


def _disks(provider: AzureProvider) -> dict[str, dict[str, str]]:
    pages = provider.list_resources(REGION, ResourceKind.DISK)
    return {disk.id: dict(disk.tags) for page in pages for disk in page}


def _restore(
    provider: AzureProvider, instance: Instance, snapshot: InstanceSnapshot, token: str
) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while not provider.restore_snapshot(instance.reference, snapshot.id, token):
        assert time.monotonic() < end
        time.sleep(0.02)


def _delete(provider: AzureProvider, instance: Instance) -> None:
    provider.delete_instance(instance.reference)
    wait_for_state(
        provider,
        instance.reference,
        InstanceState.DELETED,
        deadline_seconds=DEADLINE_SECONDS,
        poll_seconds=0.02,
    )


def _fail_after(sandbox: AzureSandbox, calls: int) -> None:
    client_id = sandbox.client_id
    sandbox.inject(
        Fault(kind=FaultKind.DROP_REPLY, access_key=client_id, after=calls, times=1),
        Fault(kind=FaultKind.ERROR, access_key=client_id, after=calls),
    )


@pytest.mark.parametrize("deleted_after", [6, 12, 21, None])
def test_a_restore_interrupted_anywhere_leaves_nothing_behind(
    provider: AzureProvider,
    azure_sandbox: AzureSandbox,
    instance: Instance,
    snapshot: InstanceSnapshot,
    deleted_after: int | None,
) -> None:
    """It fails some calls later each time, until it completes or the VM is deleted."""
    calls, failed = 0, True
    while failed and calls != deleted_after:
        _fail_after(azure_sandbox, calls)
        failed = False
        try:
            _restore(provider, instance, snapshot, "restore")
        except SkyClustError:
            failed = True
        azure_sandbox.clear()
        calls += 3
        assert calls < 120
    if deleted_after is None:
        disks = _disks(provider)
        assert len(disks) == 2
        assert not any(REPLACES_TAG in tags for tags in disks.values())
    elif deleted_after < 20:  # the number of calls depends on the speed of the computer
        assert failed
    _delete(provider, instance)
    end = time.monotonic() + DEADLINE_SECONDS
    while remaining := _disks(provider):
        assert time.monotonic() < end, remaining
        time.sleep(0.02)


def test_a_restored_disk_is_attached_like_the_replaced_disk(
    provider: AzureProvider, clients: AzureClients, instance: Instance, snapshot: InstanceSnapshot
) -> None:
    """Azure replaces no data disk in place: its settings are kept over detach and attach."""

    def attached() -> list[tuple[object, ...]]:
        storage = read_vm(clients, REGION, instance.id)["properties"]["storageProfile"]
        disks = [storage["osDisk"], *storage["dataDisks"]]
        return [(disk.get("lun"), disk["caching"], disk["deleteOption"]) for disk in disks]

    before, names = attached(), set(_disks(provider))
    _restore(provider, instance, snapshot, "restore")
    assert attached() == before
    assert not names & set(_disks(provider))
    _restore(provider, instance, snapshot, "restore")


def test_a_detached_restored_disk_is_not_deleted(
    provider: AzureProvider, instance: Instance, snapshot: InstanceSnapshot, becomes: Becomes
) -> None:
    _restore(provider, instance, snapshot, "restore")
    disks = provider.get_instance(REGION, instance.id).attributes["disks"]
    assert isinstance(disks, list)
    provider.detach_disk(instance.reference, str(disks[1]))
    becomes(instance, InstanceState.STOPPED)
    _delete(provider, instance)
    time.sleep(2 * AzureSandbox.transition_seconds)
    assert list(_disks(provider)) == [disks[1]]

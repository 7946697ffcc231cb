"""Restores that die half way, and what a restored disk keeps of the one before it."""

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
def machine(provider: AzureProvider, spec: Spec, becomes: Becomes) -> Instance:
    """A machine with a data disk."""
    made = provider.create_instance(spec(disks=(DiskSpec(size_gib=4),)), TOKEN)
    return becomes(made, InstanceState.RUNNING)


@pytest.fixture
def kept(provider: AzureProvider, machine: Instance, becomes: Becomes) -> InstanceSnapshot:
    """A snapshot of the machine, which is deallocated now."""
    made = provider.create_snapshot(machine.reference, "before", TOKEN)
    end = time.monotonic() + DEADLINE_SECONDS
    while made.state is not SnapshotState.AVAILABLE:
        assert time.monotonic() < end
        time.sleep(0.02)
        [made] = provider.list_snapshots(REGION, machine.id)
    provider.stop_instance(machine.reference)
    becomes(machine, InstanceState.STOPPED)
    return made


def _disks(provider: AzureProvider) -> dict[str, dict[str, str]]:
    pages = provider.list_resources(REGION, ResourceKind.DISK)
    return {disk.id: dict(disk.tags) for page in pages for disk in page}


def _restored(
    provider: AzureProvider, machine: Instance, kept: InstanceSnapshot, token: str
) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while not provider.restore_snapshot(machine.reference, kept.id, token):
        assert time.monotonic() < end
        time.sleep(0.02)


def _deleted(provider: AzureProvider, machine: Instance) -> None:
    provider.delete_instance(machine.reference)
    wait_for_state(
        provider,
        machine.reference,
        InstanceState.DELETED,
        deadline_seconds=DEADLINE_SECONDS,
        poll_seconds=0.02,
    )


def _dies_after(sandbox: AzureSandbox, calls: int) -> None:
    who = sandbox.client_id
    sandbox.inject(
        Fault(kind=FaultKind.DROP_REPLY, access_key=who, after=calls, times=1),
        Fault(kind=FaultKind.ERROR, access_key=who, after=calls),
    )


@pytest.mark.parametrize("deleted_after", [6, 12, 21, None])
def test_a_restore_that_dies_anywhere_leaves_nothing(
    provider: AzureProvider,
    azure_sandbox: AzureSandbox,
    machine: Instance,
    kept: InstanceSnapshot,
    deleted_after: int | None,
) -> None:
    """It dies some calls later each time, until it is through or the machine is deleted."""
    calls, died = 0, True
    while died and calls != deleted_after:
        _dies_after(azure_sandbox, calls)
        died = False
        try:
            _restored(provider, machine, kept, "restore")
        except SkyClustError:
            died = True
        azure_sandbox.clear()
        calls += 3
        assert calls < 120
    if deleted_after is None:
        disks = _disks(provider)
        assert len(disks) == 2
        assert not any(REPLACES_TAG in tags for tags in disks.values())
    elif deleted_after < 20:  # how many calls it takes to the end depends on the computer
        assert died
    _deleted(provider, machine)
    end = time.monotonic() + DEADLINE_SECONDS
    while left := _disks(provider):
        assert time.monotonic() < end, left
        time.sleep(0.02)


def test_a_restored_disk_is_attached_as_the_one_before(
    provider: AzureProvider, clients: AzureClients, machine: Instance, kept: InstanceSnapshot
) -> None:
    """Azure exchanges no data disk in its place: how it was attached is not forgotten."""

    def attached() -> list[tuple[object, ...]]:
        storage = read_vm(clients, REGION, machine.id)["properties"]["storageProfile"]
        parts = [storage["osDisk"], *storage["dataDisks"]]
        return [(one.get("lun"), one["caching"], one["deleteOption"]) for one in parts]

    before, names = attached(), set(_disks(provider))
    _restored(provider, machine, kept, "restore")
    assert attached() == before
    assert not names & set(_disks(provider))
    _restored(provider, machine, kept, "restore")


def test_a_restored_disk_that_somebody_detached_is_not_deleted(
    provider: AzureProvider, machine: Instance, kept: InstanceSnapshot, becomes: Becomes
) -> None:
    _restored(provider, machine, kept, "restore")
    disks = provider.get_instance(REGION, machine.id).attributes["disks"]
    assert isinstance(disks, list)
    provider.detach_disk(machine.reference, str(disks[1]))
    becomes(machine, InstanceState.STOPPED)
    _deleted(provider, machine)
    time.sleep(2 * AzureSandbox.transition_seconds)
    assert list(_disks(provider)) == [disks[1]]

"""Changing machines: power and price, sizes, disks of two writers, snapshots half taken."""

from __future__ import annotations

import pytest

from providers.azure import writing
from providers.azure.client import AzureClients
from providers.azure.errors import azure_errors
from providers.azure.instances import read_machine
from providers.azure.provider import AzureProvider
from providers.azure.states import STILL_BILLED
from skyclust.errors import Conflict, InvalidRequest, NotFound, Unavailable
from skyclust.model.instance import DiskSpec, Instance, InstanceFailure, InstanceState
from skyclust.model.snapshot import SnapshotState
from skyclust.sandbox.faults import Fault, FaultKind
from tests.conformance.azure import REGION
from tests.conformance.azure_operator import AzureOperator
from tests.fixtures.azure import AzureSandbox
from tests.integration.azure.conftest import TOKEN, Becomes, Spec

pytestmark = pytest.mark.integration


def test_a_machine_that_is_only_powered_off_says_that_it_is_billed(
    provider: AzureProvider, running: Instance, becomes: Becomes
) -> None:
    assert running.attributes["billed"] is True
    provider.stop_instance(REGION, running.id, power_off_only=True)
    off = becomes(running.id, InstanceState.STOPPED)
    assert (off.native_state, off.attributes["billed"]) == ("PowerState/stopped", True)
    assert off.state_reason == STILL_BILLED
    provider.stop_instance(REGION, running.id)
    while (now := provider.get_instance(REGION, running.id)).attributes["billed"]:
        assert now.state in {InstanceState.STOPPING, InstanceState.STOPPED}
    assert (now.native_state, now.state_reason) == ("PowerState/deallocated", None)


def test_a_start_without_room_is_told_and_can_be_mended(
    provider: AzureProvider, running: Instance, becomes: Becomes, azure_sandbox: AzureSandbox
) -> None:
    provider.stop_instance(REGION, running.id)
    becomes(running.id, InstanceState.STOPPED)
    full = Fault(
        kind=FaultKind.ERROR, action="VirtualMachines_Start", code="AllocationFailed", times=1
    )
    azure_sandbox.inject(full)
    provider.start_instance(REGION, running.id)
    failed = becomes(running.id, InstanceState.ERROR)
    assert (failed.failure, failed.attributes["billed"]) == (InstanceFailure.CAPACITY, False)
    provider.start_instance(REGION, running.id)
    assert becomes(running.id, InstanceState.RUNNING).failure is None


def test_a_size_of_the_same_hardware_needs_no_stop(
    provider: AzureProvider, running: Instance, becomes: Becomes
) -> None:
    assert not provider.must_stop_to_resize(running, "Standard_B2ms")
    assert provider.must_stop_to_resize(running, "Standard_D2s_v5")
    assert not provider.must_stop_to_resize(running, "standard_b2s")
    provider.resize_instance(REGION, running.id, "Standard_B2ms")
    assert becomes(running.id, InstanceState.RUNNING).type == "Standard_B2ms"
    with pytest.raises(InvalidRequest, match="not available in the current hardware"):
        provider.resize_instance(REGION, running.id, "Standard_D2s_v5")


def test_two_writers_do_not_undo_each_other(
    provider: AzureProvider,
    clients: AzureClients,
    operator: AzureOperator,
    running: Instance,
    becomes: Becomes,
) -> None:
    stale = read_machine(clients, REGION, running.id)
    disk = operator.ready(operator.disk("spare"))
    provider.attach_disk(REGION, running.id, disk)
    becomes(running.id, InstanceState.RUNNING)
    with pytest.raises(Conflict), azure_errors("change disks"):
        writing.change_storage(clients, stale, {"dataDisks": []})
    assert disk in str(provider.get_instance(REGION, running.id).attributes["disks"])


def test_disks_that_cannot_be_moved_are_refused(
    provider: AzureProvider,
    running: Instance,
    spec: Spec,
    operator: AzureOperator,
    becomes: Becomes,
) -> None:
    disks = running.attributes["disks"]
    assert isinstance(disks, list)
    with pytest.raises(InvalidRequest, match="is the boot disk"):
        provider.detach_disk(REGION, running.id, str(disks[0]))
    disk = operator.ready(operator.disk("spare"))
    provider.attach_disk(REGION, running.id, disk)
    other = provider.create_instance(spec(name="api"), "other")
    becomes(other.id, InstanceState.RUNNING)
    with pytest.raises(InvalidRequest, match="Detach it there first"):
        provider.attach_disk(REGION, other.id, disk)


def test_a_machine_is_in_its_region_and_subscription(
    provider: AzureProvider, running: Instance, azure_sandbox: AzureSandbox
) -> None:
    with pytest.raises(NotFound, match=f"it is in {REGION}"):
        provider.get_instance("eastus", running.id)
    with pytest.raises(NotFound, match=f"it is in {REGION}"):
        provider.delete_instance("eastus", running.id)
    foreign = running.id.replace(azure_sandbox.subscription_id, azure_sandbox.other_subscription_id)
    with pytest.raises(NotFound, match="in the credential's subscription"):
        provider.get_instance(REGION, foreign)


def test_a_snapshot_that_broke_off_is_carried_on(
    provider: AzureProvider, spec: Spec, becomes: Becomes, azure_sandbox: AzureSandbox
) -> None:
    made = provider.create_instance(spec(disks=(DiskSpec(size_gib=4),)), TOKEN)
    becomes(made.id, InstanceState.RUNNING)
    azure_sandbox.inject(Fault(kind=FaultKind.ERROR, action="Snapshots_CreateOrUpdate", after=1))
    with pytest.raises(Unavailable):
        provider.create_snapshot(REGION, made.id, "nightly", TOKEN)
    azure_sandbox.clear()
    [half] = provider.list_snapshots(REGION, made.id)
    assert (half.state, half.native_state) == (SnapshotState.PENDING, "Incomplete")
    with pytest.raises(Conflict, match="is not complete"):
        provider.restore_snapshot(REGION, made.id, half.id, TOKEN)
    whole = provider.create_snapshot(REGION, made.id, "nightly", TOKEN)
    assert (whole.id, len(whole.parts)) == (half.id, 2)


def test_a_restore_deletes_no_disk_that_came_later(
    provider: AzureProvider,
    spec: Spec,
    becomes: Becomes,
    operator: AzureOperator,
) -> None:
    made = provider.create_instance(spec(disks=(DiskSpec(size_gib=4),)), TOKEN)
    becomes(made.id, InstanceState.RUNNING)
    kept = provider.create_snapshot(REGION, made.id, "nightly", TOKEN)
    disks = made.attributes["disks"]
    assert isinstance(disks, list)
    provider.stop_instance(REGION, made.id)
    becomes(made.id, InstanceState.STOPPED)
    provider.detach_disk(REGION, made.id, str(disks[1]))
    becomes(made.id, InstanceState.STOPPED)
    stranger = operator.ready(operator.disk("stranger"))
    provider.attach_disk(REGION, made.id, stranger)
    becomes(made.id, InstanceState.STOPPED)
    with pytest.raises(InvalidRequest, match="has come to place 0"):
        provider.restore_snapshot(REGION, made.id, kept.id, TOKEN)
    assert provider.get_disk(REGION, stranger).attributes["attached_to"] == [made.id]

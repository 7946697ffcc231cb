"""Power states and billing, sizes, disks of two writers, and incomplete snapshots."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from providers.azure import write_requests
from providers.azure.client import AzureClients
from providers.azure.errors import azure_errors
from providers.azure.instances import read_vm
from providers.azure.provider import AzureProvider
from providers.azure.states import STILL_BILLED
from skyclust.errors import Conflict, InvalidRequest, NotFound, Throttled, Unavailable
from skyclust.model.instance import DiskSpec, Instance, InstanceFailure, InstanceState
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation
from skyclust.model.snapshot import SnapshotState
from skyclust.operations.instance import compute_steps
from skyclust.operations.instance.transitions import OPERATION_KINDS
from skyclust.operations.position import Position
from skyclust_sandbox.faults import Fault, FaultKind
from tests.conformance.azure import REGION
from tests.conformance.azure_operator import AzureOperator
from tests.fixtures.azure import AzureSandbox
from tests.integration.azure.conftest import TOKEN, Becomes, Spec

pytestmark = pytest.mark.integration


def test_a_vm_that_is_only_powered_off_is_still_billed(
    provider: AzureProvider, running: Instance, becomes: Becomes
) -> None:
    assert running.attributes["billed"] is True
    provider.stop_instance(running.reference, power_off_only=True)
    off = becomes(running, InstanceState.STOPPED)
    assert (off.native_state, off.attributes["billed"]) == ("PowerState/stopped", True)
    assert off.state_reason == STILL_BILLED
    provider.stop_instance(running.reference)
    while (now := provider.get_instance(REGION, running.id)).attributes["billed"]:
        assert now.state in {InstanceState.STOPPING, InstanceState.STOPPED}
    assert (now.native_state, now.state_reason) == ("PowerState/deallocated", None)


def test_a_start_without_capacity_fails_and_can_be_repeated(
    provider: AzureProvider, running: Instance, becomes: Becomes, azure_sandbox: AzureSandbox
) -> None:
    provider.stop_instance(running.reference)
    becomes(running, InstanceState.STOPPED)
    full = Fault(
        kind=FaultKind.ERROR, action="VirtualMachines_Start", code="AllocationFailed", times=1
    )
    azure_sandbox.inject(full)
    provider.start_instance(running.reference)
    failed = becomes(running, InstanceState.ERROR)
    assert (failed.failure, failed.attributes["billed"]) == (InstanceFailure.CAPACITY, False)
    provider.start_instance(running.reference)
    assert becomes(running, InstanceState.RUNNING).failure is None


def test_a_vm_that_failed_to_start_can_be_resized(
    provider: AzureProvider, running: Instance, becomes: Becomes, azure_sandbox: AzureSandbox
) -> None:
    """The steps of a resize inspect the VM, resize it, and it starts."""
    provider.stop_instance(running.reference)
    becomes(running, InstanceState.STOPPED)
    full = Fault(
        kind=FaultKind.ERROR, action="VirtualMachines_Start", code="AllocationFailed", times=1
    )
    azure_sandbox.inject(full)
    provider.start_instance(running.reference)
    becomes(running, InstanceState.ERROR)
    now = datetime.now(UTC)
    operation = Operation(
        id="o",
        workspace_id="w",
        subject_kind="instance",
        kind=InstanceAction.RESIZE,
        credential="c",
        provider="azure",
        region=REGION,
        token="t",
        request={"type": "Standard_D2s_v5"},
        subject_id=running.id,
        subject_unique_id=running.unique_id,
        created_at=now,
        updated_at=now,
    )
    position: str = Position.JOURNALLED
    for action in (compute_steps.INSPECT, compute_steps.RESIZE):
        step = OPERATION_KINDS[InstanceAction.RESIZE].steps[position]
        assert step.action is action
        position = action.handler(step, operation, provider).position
    assert position == Position.READY
    resized = provider.get_instance(REGION, running.id)
    assert (resized.state, resized.type) == (InstanceState.STOPPED, "Standard_D2s_v5")
    provider.start_instance(running.reference)
    becomes(running, InstanceState.RUNNING)


def test_a_throttled_reboot_is_not_repeated(
    provider: AzureProvider, running: Instance, azure_sandbox: AzureSandbox
) -> None:
    azure_sandbox.inject(Fault(kind=FaultKind.THROTTLE, action="VirtualMachines_Restart"))
    with pytest.raises(Throttled):
        provider.reboot_instance(running.reference)
    assert azure_sandbox.calls()["VirtualMachines_Restart"] == 1


def test_a_hibernated_vm_is_suspended_until_it_is_stopped(
    provider: AzureProvider,
    clients: AzureClients,
    operator: AzureOperator,
    becomes: Becomes,
) -> None:
    """The saved memory depends on the size and the OS disk: neither may change meanwhile."""
    capable = {"hibernationEnabled": True}
    vm_id = operator.ready(operator.instance("db", additionalCapabilities=capable))
    vm = provider.get_instance(REGION, vm_id)
    group, name = vm_id.split("/")[4], vm.name
    clients.compute.virtual_machines.begin_deallocate(group, name, hibernate=True, polling=False)
    hibernated = becomes(vm, InstanceState.SUSPENDED)
    assert (hibernated.native_state, hibernated.attributes["billed"]) == (
        "HibernationState/Hibernated",
        False,
    )
    assert provider.must_stop_to_resize(hibernated, "Standard_D2s_v5")
    assert provider.must_stop_to_restore(hibernated)
    with pytest.raises(InvalidRequest, match="HibernationState/Hibernated"):
        provider.resize_instance(vm.reference, "Standard_D2s_v5")
    provider.start_instance(vm.reference)
    becomes(vm, InstanceState.RUNNING)
    clients.compute.virtual_machines.begin_deallocate(group, name, hibernate=True, polling=False)
    becomes(vm, InstanceState.SUSPENDED)
    provider.stop_instance(vm.reference)
    becomes(vm, InstanceState.STOPPED)


def test_a_size_of_the_same_hardware_needs_no_deallocation(
    provider: AzureProvider, running: Instance, becomes: Becomes
) -> None:
    assert not provider.must_stop_to_resize(running, "Standard_B2ms")
    assert provider.must_stop_to_resize(running, "Standard_D2s_v5")
    assert not provider.must_stop_to_resize(running, "standard_b2s")
    provider.resize_instance(running.reference, "Standard_B2ms")
    assert becomes(running, InstanceState.RUNNING).type == "Standard_B2ms"
    with pytest.raises(InvalidRequest, match="not available in the current hardware"):
        provider.resize_instance(running.reference, "Standard_D2s_v5")


def test_two_writers_do_not_undo_each_other(
    provider: AzureProvider,
    clients: AzureClients,
    operator: AzureOperator,
    running: Instance,
    becomes: Becomes,
) -> None:
    stale = read_vm(clients, REGION, running.id)
    disk = operator.ready(operator.disk("spare"))
    provider.attach_disk(running.reference, disk)
    becomes(running, InstanceState.RUNNING)
    with pytest.raises(Conflict), azure_errors("change disks"):
        write_requests.update_storage(clients, stale, {"dataDisks": []})
    assert disk in str(provider.get_instance(REGION, running.id).attributes["disks"])


def test_the_os_disk_and_an_attached_disk_are_refused(
    provider: AzureProvider,
    running: Instance,
    spec: Spec,
    operator: AzureOperator,
    becomes: Becomes,
) -> None:
    disks = running.attributes["disks"]
    assert isinstance(disks, list)
    with pytest.raises(InvalidRequest, match="is the OS disk"):
        provider.detach_disk(running.reference, str(disks[0]))
    disk = operator.ready(operator.disk("spare"))
    provider.attach_disk(running.reference, disk)
    other = provider.create_instance(spec(name="api"), "other")
    becomes(other, InstanceState.RUNNING)
    with pytest.raises(InvalidRequest, match="Detach it there first"):
        provider.attach_disk(other.reference, disk)


def test_a_vm_is_found_in_its_region_and_subscription_only(
    provider: AzureProvider, running: Instance, azure_sandbox: AzureSandbox
) -> None:
    with pytest.raises(NotFound, match=f"it is in {REGION}"):
        provider.get_instance("eastus", running.id)
    elsewhere = running.reference.model_copy(update={"region": "eastus"})
    with pytest.raises(NotFound, match=f"it is in {REGION}"):
        provider.delete_instance(elsewhere)
    foreign = running.id.replace(azure_sandbox.subscription_id, azure_sandbox.other_subscription_id)
    with pytest.raises(NotFound, match="in the credential's subscription"):
        provider.get_instance(REGION, foreign)


def test_an_incomplete_snapshot_is_completed_by_a_repeated_request(
    provider: AzureProvider, spec: Spec, becomes: Becomes, azure_sandbox: AzureSandbox
) -> None:
    instance = provider.create_instance(spec(disks=(DiskSpec(size_gib=4),)), TOKEN)
    becomes(instance, InstanceState.RUNNING)
    azure_sandbox.inject(Fault(kind=FaultKind.ERROR, action="Snapshots_CreateOrUpdate", after=1))
    with pytest.raises(Unavailable):
        provider.create_snapshot(instance.reference, "nightly", TOKEN)
    azure_sandbox.clear()
    [incomplete] = provider.list_snapshots(REGION, instance.id)
    assert (incomplete.state, incomplete.native_state) == (SnapshotState.PENDING, "Incomplete")
    with pytest.raises(Conflict, match="is not complete"):
        provider.restore_snapshot(instance.reference, incomplete.id, TOKEN)
    complete = provider.create_snapshot(instance.reference, "nightly", TOKEN)
    assert (complete.id, len(complete.parts)) == (incomplete.id, 2)


def test_a_restore_deletes_no_disk_attached_after_the_snapshot(
    provider: AzureProvider,
    spec: Spec,
    becomes: Becomes,
    operator: AzureOperator,
) -> None:
    instance = provider.create_instance(spec(disks=(DiskSpec(size_gib=4),)), TOKEN)
    becomes(instance, InstanceState.RUNNING)
    snapshot = provider.create_snapshot(instance.reference, "nightly", TOKEN)
    disks = instance.attributes["disks"]
    assert isinstance(disks, list)
    provider.stop_instance(instance.reference)
    becomes(instance, InstanceState.STOPPED)
    provider.detach_disk(instance.reference, str(disks[1]))
    becomes(instance, InstanceState.STOPPED)
    later = operator.ready(operator.disk("later"))
    provider.attach_disk(instance.reference, later)
    becomes(instance, InstanceState.STOPPED)
    with pytest.raises(InvalidRequest, match="attached in slot 0"):
        provider.restore_snapshot(instance.reference, snapshot.id, TOKEN)
    assert provider.get_disk(REGION, later).attributes["attached_to"] == [instance.id]

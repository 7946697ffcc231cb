"""Changes that the state of an instance does not allow, and protected instances."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from providers.aws.provider import AwsProvider
from skyclust.errors import CapacityExhausted, Conflict, InvalidRequest, NotFound
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec, InstanceState
from skyclust.model.snapshot import SnapshotState
from skyclust.operations.waiting import wait_for_state
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.sandbox import Sandbox
from tests.integration.aws.conftest import REGION

pytestmark = pytest.mark.integration
Spec = Callable[..., InstanceSpec]


@pytest.fixture
def machine(provider: AwsProvider, spec: Spec) -> Instance:
    """Return a machine that is still pending."""
    return provider.create_instance(spec(), "t-1")


def becomes(provider: AwsProvider, machine: Instance, state: InstanceState) -> None:
    wait_for_state(provider, machine.reference, state, deadline_seconds=20, poll_seconds=0.05)


def test_a_machine_on_its_way_is_busy(provider: AwsProvider, machine: Instance) -> None:
    with pytest.raises(Conflict, match=f"stop instance {machine.id}.*pending"):
        provider.stop_instance(machine.reference)
    with pytest.raises(Conflict, match="pending"):
        provider.reboot_instance(machine.reference)
    becomes(provider, machine, InstanceState.RUNNING)
    provider.stop_instance(machine.reference)
    with pytest.raises(Conflict, match="stopping"):
        provider.start_instance(machine.reference)
    with pytest.raises(Conflict, match="stopping"):
        provider.resize_instance(machine.reference, "t3.large")


def test_a_machine_in_a_lasting_state_needs_another_change_first(
    provider: AwsProvider, machine: Instance
) -> None:
    becomes(provider, machine, InstanceState.RUNNING)
    with pytest.raises(InvalidRequest, match=r"is running\. .* stopped for this"):
        provider.resize_instance(machine.reference, "t3.large")
    provider.stop_instance(machine.reference)
    becomes(provider, machine, InstanceState.STOPPED)
    with pytest.raises(InvalidRequest, match=r"is stopped\. .* running for this"):
        provider.reboot_instance(machine.reference)


def test_a_type_for_another_processor_is_refused(provider: AwsProvider, machine: Instance) -> None:
    becomes(provider, machine, InstanceState.RUNNING)
    provider.stop_instance(machine.reference)
    becomes(provider, machine, InstanceState.STOPPED)
    with pytest.raises(InvalidRequest, match="architecture"):
        provider.resize_instance(machine.reference, "t4g.small")
    assert provider.get_instance(REGION, machine.id).type == "t3.small"


def test_a_protected_machine_says_what_to_do(
    provider: AwsProvider, machine: Instance, aws_sandbox: Sandbox
) -> None:
    refused = Fault(
        kind=FaultKind.ERROR,
        action="TerminateInstances",
        code="OperationNotPermitted",
        status=400,
    )
    aws_sandbox.inject(refused)
    with pytest.raises(InvalidRequest, match="protection on"):
        provider.delete_instance(machine.reference)


def test_an_id_that_no_machine_can_have_is_not_passed_off_as_deleted(
    provider: AwsProvider,
) -> None:
    with pytest.raises(NotFound):
        provider.delete_instance(InstanceReference(region=REGION, id="web-1", unique_id="web-1"))
    with pytest.raises(NotFound):
        provider.get_instance(REGION, "web-1")


def test_no_room_is_told_as_such(
    provider: AwsProvider, machine: Instance, aws_sandbox: Sandbox, impatient_sdk: None
) -> None:
    becomes(provider, machine, InstanceState.RUNNING)
    provider.stop_instance(machine.reference)
    becomes(provider, machine, InstanceState.STOPPED)
    full = Fault(
        kind=FaultKind.ERROR,
        action="StartInstances",
        code="InsufficientInstanceCapacity",
        status=500,
    )
    aws_sandbox.inject(full)
    with pytest.raises(CapacityExhausted, match="another zone"):
        provider.start_instance(machine.reference)


def test_a_set_of_snapshots_that_is_not_listed_yet_is_no_broken_one(
    provider: AwsProvider, machine: Instance, aws_sandbox: Sandbox
) -> None:
    """EC2 may list what it has just made a while later, and one part before the other."""
    becomes(provider, machine, InstanceState.RUNNING)
    aws_sandbox.inject(Fault(kind=FaultKind.LAG, action="DescribeSnapshots", seconds=1.0))
    token = "0b0c5d8e-lagging"
    made = provider.create_snapshot(machine.reference, "nightly", token)
    assert (made.state, len(made.parts)) != (SnapshotState.ERROR, 0)
    seen: list[SnapshotState] = []
    end = time.monotonic() + 20
    while time.monotonic() < end and (not seen or seen[-1] is not SnapshotState.AVAILABLE):
        seen += [one.state for one in provider.list_snapshots(REGION, machine.id)]
        time.sleep(0.1)
    assert seen[-1] is SnapshotState.AVAILABLE
    assert SnapshotState.ERROR not in seen
    again = provider.create_snapshot(machine.reference, "nightly", token)
    assert (again.id, len(again.parts)) == (made.id, len(made.parts))

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
def instance(provider: AwsProvider, spec: Spec) -> Instance:
    """Return an instance that is still pending."""
    return provider.create_instance(spec(), "t-1")


def becomes(provider: AwsProvider, instance: Instance, state: InstanceState) -> None:
    wait_for_state(provider, instance.reference, state, deadline_seconds=20, poll_seconds=0.05)


def test_a_change_in_a_transitional_state_is_a_conflict(
    provider: AwsProvider, instance: Instance
) -> None:
    with pytest.raises(Conflict, match=f"stop instance {instance.id}.*pending"):
        provider.stop_instance(instance.reference)
    with pytest.raises(Conflict, match="pending"):
        provider.reboot_instance(instance.reference)
    becomes(provider, instance, InstanceState.RUNNING)
    provider.stop_instance(instance.reference)
    with pytest.raises(Conflict, match="stopping"):
        provider.start_instance(instance.reference)
    with pytest.raises(Conflict, match="stopping"):
        provider.resize_instance(instance.reference, "t3.large")


def test_a_change_in_another_stable_state_is_invalid(
    provider: AwsProvider, instance: Instance
) -> None:
    becomes(provider, instance, InstanceState.RUNNING)
    with pytest.raises(InvalidRequest, match=r"is running\. .* stopped for this"):
        provider.resize_instance(instance.reference, "t3.large")
    provider.stop_instance(instance.reference)
    becomes(provider, instance, InstanceState.STOPPED)
    with pytest.raises(InvalidRequest, match=r"is stopped\. .* running for this"):
        provider.reboot_instance(instance.reference)


def test_a_type_for_another_processor_is_refused(provider: AwsProvider, instance: Instance) -> None:
    becomes(provider, instance, InstanceState.RUNNING)
    provider.stop_instance(instance.reference)
    becomes(provider, instance, InstanceState.STOPPED)
    with pytest.raises(InvalidRequest, match="architecture"):
        provider.resize_instance(instance.reference, "t4g.small")
    assert provider.get_instance(REGION, instance.id).type == "t3.small"


def test_a_protected_instance_gives_a_hint(
    provider: AwsProvider, instance: Instance, aws_sandbox: Sandbox
) -> None:
    refused = Fault(
        kind=FaultKind.ERROR,
        action="TerminateInstances",
        code="OperationNotPermitted",
        status=400,
    )
    aws_sandbox.inject(refused)
    with pytest.raises(InvalidRequest, match="protection on"):
        provider.delete_instance(instance.reference)


def test_a_malformed_id_does_not_count_as_deleted(
    provider: AwsProvider,
) -> None:
    with pytest.raises(NotFound):
        provider.delete_instance(InstanceReference(region=REGION, id="web-1", unique_id="web-1"))
    with pytest.raises(NotFound):
        provider.get_instance(REGION, "web-1")


def test_exhausted_capacity_is_reported(
    provider: AwsProvider, instance: Instance, aws_sandbox: Sandbox, impatient_sdk: None
) -> None:
    becomes(provider, instance, InstanceState.RUNNING)
    provider.stop_instance(instance.reference)
    becomes(provider, instance, InstanceState.STOPPED)
    full = Fault(
        kind=FaultKind.ERROR,
        action="StartInstances",
        code="InsufficientInstanceCapacity",
        status=500,
    )
    aws_sandbox.inject(full)
    with pytest.raises(CapacityExhausted, match="another zone"):
        provider.start_instance(instance.reference)


def test_a_snapshot_set_that_is_not_listed_yet_is_pending(
    provider: AwsProvider, instance: Instance, aws_sandbox: Sandbox
) -> None:
    """EC2 may list new snapshots with a delay, and one after the other."""
    becomes(provider, instance, InstanceState.RUNNING)
    aws_sandbox.inject(Fault(kind=FaultKind.LAG, action="DescribeSnapshots", seconds=1.0))
    token = "0b0c5d8e-lagging"
    created = provider.create_snapshot(instance.reference, "nightly", token)
    assert (created.state, len(created.parts)) != (SnapshotState.ERROR, 0)
    seen: list[SnapshotState] = []
    end = time.monotonic() + 20
    while time.monotonic() < end and (not seen or seen[-1] is not SnapshotState.AVAILABLE):
        seen += [one.state for one in provider.list_snapshots(REGION, instance.id)]
        time.sleep(0.1)
    assert seen[-1] is SnapshotState.AVAILABLE
    assert SnapshotState.ERROR not in seen
    again = provider.create_snapshot(instance.reference, "nightly", token)
    assert (again.id, len(again.parts)) == (created.id, len(created.parts))

"""Changes that the state of an instance does not allow, and protected instances."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from providers.aws.provider import AwsProvider
from skyclust.errors import CapacityExhausted, Conflict, InvalidRequest, NotFound
from skyclust.model.instance import Instance, InstanceSpec, InstanceState
from skyclust.sandbox.faults import Fault, FaultKind
from skyclust.waiting import wait_for_state
from tests.fixtures.sandbox import Sandbox
from tests.integration.aws.conftest import REGION

pytestmark = pytest.mark.integration
Spec = Callable[..., InstanceSpec]


@pytest.fixture
def machine(provider: AwsProvider, spec: Spec) -> Instance:
    """Return a machine that is still pending."""
    return provider.create_instance(spec(), "t-1")


def becomes(provider: AwsProvider, machine: Instance, state: InstanceState) -> None:
    wait_for_state(provider, REGION, machine.id, state, deadline_seconds=20, poll_seconds=0.05)


def test_a_machine_on_its_way_is_busy(provider: AwsProvider, machine: Instance) -> None:
    with pytest.raises(Conflict, match=f"stop instance {machine.id}.*pending"):
        provider.stop_instance(REGION, machine.id)
    with pytest.raises(Conflict, match="pending"):
        provider.reboot_instance(REGION, machine.id)
    becomes(provider, machine, InstanceState.RUNNING)
    provider.stop_instance(REGION, machine.id)
    with pytest.raises(Conflict, match="stopping"):
        provider.start_instance(REGION, machine.id)
    with pytest.raises(Conflict, match="stopping"):
        provider.resize_instance(REGION, machine.id, "t3.large")


def test_a_machine_in_a_lasting_state_needs_another_change_first(
    provider: AwsProvider, machine: Instance
) -> None:
    becomes(provider, machine, InstanceState.RUNNING)
    with pytest.raises(InvalidRequest, match=r"is running\. .* stopped for this"):
        provider.resize_instance(REGION, machine.id, "t3.large")
    provider.stop_instance(REGION, machine.id)
    becomes(provider, machine, InstanceState.STOPPED)
    with pytest.raises(InvalidRequest, match=r"is stopped\. .* running for this"):
        provider.reboot_instance(REGION, machine.id)


def test_a_type_for_another_processor_is_refused(provider: AwsProvider, machine: Instance) -> None:
    becomes(provider, machine, InstanceState.RUNNING)
    provider.stop_instance(REGION, machine.id)
    becomes(provider, machine, InstanceState.STOPPED)
    with pytest.raises(InvalidRequest, match="architecture"):
        provider.resize_instance(REGION, machine.id, "t4g.small")
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
        provider.delete_instance(REGION, machine.id)


def test_an_id_that_no_machine_can_have_is_not_passed_off_as_deleted(
    provider: AwsProvider,
) -> None:
    with pytest.raises(NotFound):
        provider.delete_instance(REGION, "web-1")
    with pytest.raises(NotFound):
        provider.get_instance(REGION, "web-1")


def test_no_room_is_told_as_such(
    provider: AwsProvider, machine: Instance, aws_sandbox: Sandbox, impatient_sdk: None
) -> None:
    becomes(provider, machine, InstanceState.RUNNING)
    provider.stop_instance(REGION, machine.id)
    becomes(provider, machine, InstanceState.STOPPED)
    full = Fault(
        kind=FaultKind.ERROR,
        action="StartInstances",
        code="InsufficientInstanceCapacity",
        status=500,
    )
    aws_sandbox.inject(full)
    with pytest.raises(CapacityExhausted, match="another zone"):
        provider.start_instance(REGION, machine.id)

"""The state of a VM, from its provisioning state and its power state."""

from __future__ import annotations

from typing import Any

import pytest

from providers.azure.states import STILL_BILLED, UNKNOWN, to_state
from skyclust.model.instance import InstanceFailure, InstanceState


def _statuses(*codes: str, message: str = "") -> list[dict[str, Any]]:
    return [{"code": code, "level": "Info", "message": message} for code in codes]


@pytest.mark.parametrize(
    ("provisioning", "power", "state", "native"),
    [
        ("Creating", "starting", InstanceState.PENDING, "ProvisioningState/creating"),
        ("Creating", "running", InstanceState.PENDING, "ProvisioningState/creating"),
        ("Succeeded", "starting", InstanceState.PENDING, "PowerState/starting"),
        ("Updating", "starting", InstanceState.PENDING, "PowerState/starting"),
        ("Succeeded", "running", InstanceState.RUNNING, "PowerState/running"),
        ("Updating", "running", InstanceState.UPDATING, "ProvisioningState/updating"),
        ("Migrating", "running", InstanceState.UPDATING, "ProvisioningState/migrating"),
        ("Updating", "stopping", InstanceState.STOPPING, "PowerState/stopping"),
        ("Updating", "deallocating", InstanceState.STOPPING, "PowerState/deallocating"),
        ("Succeeded", "stopped", InstanceState.STOPPED, "PowerState/stopped"),
        ("Succeeded", "deallocated", InstanceState.STOPPED, "PowerState/deallocated"),
        ("Updating", "deallocated", InstanceState.UPDATING, "ProvisioningState/updating"),
        ("Deleting", "running", InstanceState.DELETING, "ProvisioningState/deleting"),
        ("Succeeded", "unknown", InstanceState.UPDATING, "PowerState/unknown"),
        ("Succeeded", "hibernated", InstanceState.SUSPENDED, "PowerState/hibernated"),
        (None, "running", InstanceState.RUNNING, "PowerState/running"),
        (None, "deallocated", InstanceState.STOPPED, "PowerState/deallocated"),
        ("Failed", "running", InstanceState.RUNNING, "PowerState/running"),
    ],
)
def test_states(provisioning: str | None, power: str, state: InstanceState, native: str) -> None:
    result = to_state(provisioning, _statuses("ProvisioningState/x", f"PowerState/{power}"))
    assert (result.state, result.native) == (state, native)


def test_without_a_power_state_the_vm_is_updating() -> None:
    result = to_state("Succeeded", _statuses("ProvisioningState/succeeded"))
    assert (result.state, result.native) == (InstanceState.UPDATING, "ProvisioningState/succeeded")
    assert result.billed is None


@pytest.mark.parametrize("statuses", [[], [{}], [{"code": None}]])
def test_without_any_state_the_native_state_is_unknown(statuses: list[dict[str, Any]]) -> None:
    result = to_state(None, statuses)
    assert (result.state, result.native) == (InstanceState.UPDATING, UNKNOWN)
    assert result.billed is None


@pytest.mark.parametrize("code", ["HibernationState/Hibernated", "PowerState/hibernated"])
@pytest.mark.parametrize("first", [True, False])
def test_a_hibernated_vm_is_suspended_and_not_billed(code: str, first: bool) -> None:
    codes = [code, "PowerState/deallocated"] if first else ["PowerState/deallocated", code]
    result = to_state("Succeeded", _statuses("ProvisioningState/succeeded", *codes))
    assert (result.state, result.native) == (InstanceState.SUSPENDED, code)
    assert result.billed is False


def test_a_vm_that_resumes_from_hibernation_is_pending() -> None:
    codes = ["PowerState/starting", "HibernationState/Hibernated"]
    assert to_state("Updating", _statuses(*codes)).state is InstanceState.PENDING


@pytest.mark.parametrize(
    ("powers", "state"),
    [
        (("stopped", "deallocated"), InstanceState.STOPPED),
        (("running", "deallocated"), InstanceState.UPDATING),
        (("running", "running"), InstanceState.RUNNING),
    ],
)
def test_two_different_power_states_decide_nothing(
    powers: tuple[str, str], state: InstanceState
) -> None:
    result = to_state("Succeeded", _statuses(*(f"PowerState/{power}" for power in powers)))
    assert result.state is state
    assert result.native == ", ".join(dict.fromkeys(f"PowerState/{power}" for power in powers))
    assert result.billed is (True if powers[0] == powers[1] else None)


@pytest.mark.parametrize(
    ("code", "message", "failure"),
    [
        ("AllocationFailed", "no room", InstanceFailure.CAPACITY),
        ("ZonalAllocationFailed", "no room", InstanceFailure.CAPACITY),
        ("OverconstrainedAllocationRequest", "no room", InstanceFailure.CAPACITY),
        ("OperationNotAllowed", "exceeding approved cores quota", InstanceFailure.QUOTA),
        ("OSProvisioningClientError", "no such user", None),
    ],
)
@pytest.mark.parametrize("power", [None, "deallocated"])
def test_a_failed_vm_has_the_reason(
    code: str, message: str, failure: InstanceFailure | None, power: str | None
) -> None:
    codes = [f"ProvisioningState/failed/{code}", *([f"PowerState/{power}"] if power else [])]
    result = to_state("Failed", _statuses(*codes, message=message))
    assert result.state is InstanceState.ERROR
    assert (result.native, result.reason, result.failure) == (codes[0], message, failure)


def test_a_running_vm_whose_change_failed_has_the_reason() -> None:
    statuses = _statuses("ProvisioningState/failed/VMExtensionProvisioningError", message="agent")
    result = to_state("Failed", [*statuses, *_statuses("PowerState/running")])
    assert (result.state, result.reason, result.failure) == (InstanceState.RUNNING, "agent", None)


def test_a_stopped_vm_that_is_still_billed_has_the_reason() -> None:
    stopped = to_state("Succeeded", _statuses("PowerState/stopped"))
    assert (stopped.billed, stopped.reason) == (True, STILL_BILLED)
    deallocated = to_state("Succeeded", _statuses("PowerState/deallocated"))
    assert (deallocated.billed, deallocated.reason) == (False, None)

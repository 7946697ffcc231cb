"""The state of a machine, from how its last change went and whether it runs."""

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
    found = to_state(provisioning, _statuses("ProvisioningState/x", f"PowerState/{power}"))
    assert (found.state, found.native) == (state, native)


def test_without_a_power_state_nothing_is_claimed() -> None:
    found = to_state("Succeeded", _statuses("ProvisioningState/succeeded"))
    assert (found.state, found.native) == (InstanceState.UPDATING, "ProvisioningState/succeeded")
    assert found.billed is None


@pytest.mark.parametrize("statuses", [[], [{}], [{"code": None}]])
def test_without_any_state_it_is_unknown(statuses: list[dict[str, Any]]) -> None:
    found = to_state(None, statuses)
    assert (found.state, found.native) == (InstanceState.UPDATING, UNKNOWN)
    assert found.billed is None


@pytest.mark.parametrize("code", ["HibernationState/Hibernated", "PowerState/hibernated"])
@pytest.mark.parametrize("first", [True, False])
def test_a_hibernated_machine_is_suspended_and_not_billed(code: str, first: bool) -> None:
    codes = [code, "PowerState/deallocated"] if first else ["PowerState/deallocated", code]
    found = to_state("Succeeded", _statuses("ProvisioningState/succeeded", *codes))
    assert (found.state, found.native) == (InstanceState.SUSPENDED, code)
    assert found.billed is False


def test_a_machine_that_comes_back_from_hibernation_starts() -> None:
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
def test_of_two_power_states_none_is_picked(powers: tuple[str, str], state: InstanceState) -> None:
    found = to_state("Succeeded", _statuses(*(f"PowerState/{power}" for power in powers)))
    assert found.state is state
    assert found.native == ", ".join(dict.fromkeys(f"PowerState/{power}" for power in powers))
    assert found.billed is (True if powers[0] == powers[1] else None)


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
def test_a_failed_machine_says_why(
    code: str, message: str, failure: InstanceFailure | None, power: str | None
) -> None:
    codes = [f"ProvisioningState/failed/{code}", *([f"PowerState/{power}"] if power else [])]
    found = to_state("Failed", _statuses(*codes, message=message))
    assert found.state is InstanceState.ERROR
    assert (found.native, found.reason, found.failure) == (codes[0], message, failure)


def test_a_machine_that_runs_though_a_change_failed_says_so() -> None:
    statuses = _statuses("ProvisioningState/failed/VMExtensionProvisioningError", message="agent")
    found = to_state("Failed", [*statuses, *_statuses("PowerState/running")])
    assert (found.state, found.reason, found.failure) == (InstanceState.RUNNING, "agent", None)


def test_a_stopped_machine_that_is_still_billed_says_so() -> None:
    stopped = to_state("Succeeded", _statuses("PowerState/stopped"))
    assert (stopped.billed, stopped.reason) == (True, STILL_BILLED)
    deallocated = to_state("Succeeded", _statuses("PowerState/deallocated"))
    assert (deallocated.billed, deallocated.reason) == (False, None)

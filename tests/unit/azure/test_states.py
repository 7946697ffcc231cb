"""The state of a machine, from how its last change went and whether it runs."""

from __future__ import annotations

from typing import Any

import pytest

from providers.azure.states import STILL_BILLED, to_state
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
        ("Succeeded", "hibernated", InstanceState.UPDATING, "PowerState/hibernated"),
        ("Failed", "running", InstanceState.RUNNING, "PowerState/running"),
    ],
)
def test_states(provisioning: str, power: str, state: InstanceState, native: str) -> None:
    found = to_state(provisioning, _statuses("ProvisioningState/x", f"PowerState/{power}"))
    assert (found.state, found.native) == (state, native)


def test_without_a_power_state_nothing_is_claimed() -> None:
    found = to_state("Succeeded", _statuses("ProvisioningState/succeeded"))
    assert found.state is InstanceState.UPDATING
    assert found.billed is None


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

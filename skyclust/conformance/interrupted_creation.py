"""Creates that go wrong half way: nothing is lost, and nothing is left behind."""

from __future__ import annotations

import time
from typing import Final
from uuid import UUID, uuid5

import pytest

from skyclust.conformance.harness import ComputeHarness, Failure
from skyclust.conformance.machine import TOKEN, Machine, MachineSuite
from skyclust.contract import ComputeProvider
from skyclust.errors import CapacityExhausted, QuotaExceeded, SkyClustError, Transient
from skyclust.model.instance import (
    DiskSpec,
    Instance,
    InstanceFailure,
    InstanceSpec,
    InstanceState,
)

MOST_CALLS: Final = 60
"""A create that needs more calls than this is taken for one that never ends."""

ATTEMPTS: Final = 20
PAUSE_SECONDS: Final = 0.1
"""What a task's retries and the recoveries after them amount to here."""

REFUSALS: Final = [
    pytest.param(Failure.NO_CAPACITY, CapacityExhausted, InstanceFailure.CAPACITY, id="capacity"),
    pytest.param(Failure.NO_QUOTA, QuotaExceeded, InstanceFailure.QUOTA, id="quota"),
]


class BreakageSuite(MachineSuite):
    """Everything asked of a create that is refused, or breaks off between two calls."""

    @pytest.mark.parametrize(("failure", "expected", "shown"), REFUSALS)
    def test_a_cloud_that_is_full_says_so(
        self,
        compute: ComputeProvider,
        harness: ComputeHarness,
        failure: Failure,
        expected: type[SkyClustError],
        shown: InstanceFailure,
    ) -> None:
        """The reason is told in the tree's word or by the machine, and nothing is left."""
        before = list(harness.belongings())
        harness.fail(failure)
        told = _refusal(compute, harness, full_spec(harness, "web"), TOKEN)
        assert told is shown or (isinstance(told, type) and issubclass(told, expected))
        harness.recover()
        _remove(compute, harness, TOKEN)
        assert list(harness.belongings()) == before

    def test_a_create_that_broke_off_is_carried_on(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """Wherever a process dies, the repeated create makes one machine, and all of it goes."""
        before = list(harness.belongings())
        for calls in range(MOST_CALLS):
            token = str(uuid5(UUID(TOKEN), f"break-{calls}"))
            spec = full_spec(harness, f"web-{calls}")
            broke_off = _breaks_off(compute, harness, spec, token, calls)
            other = self.provider_class(harness.credential())
            assert isinstance(other, ComputeProvider)
            made = _created(other, spec, token)
            machine = Machine(other, harness, made.reference)
            machine.becomes(InstanceState.RUNNING)
            assert harness.machines() == 1
            assert [one.id for one in other.find_instances(harness.region, token)] == [made.id]
            _remove(other, harness, token)
            assert list(harness.belongings()) == before
            if not broke_off:
                return
        pytest.fail(f"A create still broke off after {MOST_CALLS} calls.")

    def test_a_create_that_broke_off_and_is_refused_leaves_nothing(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """What a dead process made for its machine goes when the machine cannot be made."""
        before = list(harness.belongings())
        for calls in range(MOST_CALLS):
            token = str(uuid5(UUID(TOKEN), f"refused-{calls}"))
            spec = full_spec(harness, f"api-{calls}")
            broke_off = _breaks_off(compute, harness, spec, token, calls)
            if not compute.find_instances(harness.region, token):
                harness.fail(Failure.NO_QUOTA)
                assert _refusal(compute, harness, spec, token)
                harness.recover()
            _remove(compute, harness, token)
            assert list(harness.belongings()) == before
            if not broke_off:
                return
        pytest.fail(f"A create still broke off after {MOST_CALLS} calls.")


def full_spec(harness: ComputeHarness, name: str) -> InstanceSpec:
    """Return a machine that brings a disk along."""
    return harness.spec(name).model_copy(update={"disks": (DiskSpec(size_gib=1),)})


def _breaks_off(
    compute: ComputeProvider, harness: ComputeHarness, spec: InstanceSpec, token: str, calls: int
) -> bool:
    """Create, and let the cloud be gone after so many calls; return whether that hurt."""
    harness.break_after(calls)
    try:
        compute.create_instance(spec, token)
    except Transient:
        return True
    finally:
        harness.recover()
    return False


def _created(compute: ComputeProvider, spec: InstanceSpec, token: str) -> Instance:
    """Create as a task and its recovery do: again with the token while the error is Transient."""
    for _ in range(ATTEMPTS - 1):
        try:
            return compute.create_instance(spec, token)
        except Transient:
            time.sleep(PAUSE_SECONDS)
    return compute.create_instance(spec, token)


def _refusal(
    compute: ComputeProvider, harness: ComputeHarness, spec: InstanceSpec, token: str
) -> type[SkyClustError] | InstanceFailure | None:
    """Return how a full cloud tells that it is: by an error at once, or by a failed machine."""
    try:
        made = _created(compute, spec, token)
    except (CapacityExhausted, QuotaExceeded) as error:
        return type(error)
    end = time.monotonic() + harness.deadline_seconds
    while made.state is not InstanceState.ERROR:
        assert time.monotonic() < end, f"the machine is {made.state}, and should have failed"
        assert made.state is not InstanceState.RUNNING, "the machine came up in a full cloud"
        time.sleep(harness.poll_seconds)
        made = compute.get_instance(harness.region, made.id)
    assert made.state_reason
    return made.failure


def _remove(compute: ComputeProvider, harness: ComputeHarness, token: str) -> None:
    """Delete what the token finds, as an operation that is undone does."""
    for found in compute.find_instances(harness.region, token):
        compute.delete_instance(found.reference)
        Machine(compute, harness, found.reference).becomes(InstanceState.DELETED)

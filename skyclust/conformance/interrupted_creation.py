"""Creations that are interrupted or refused: no instance is lost, and nothing is left behind."""

from __future__ import annotations

import time
from typing import Final
from uuid import UUID, uuid5

import pytest

from skyclust.conformance.harness import ComputeHarness, Failure
from skyclust.conformance.instance import TOKEN, InstanceSuite, InstanceUnderTest
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
"""A creation that needs more calls than this counts as endless."""

ATTEMPTS: Final = 20
PAUSE_SECONDS: Final = 0.1
"""The attempts of a task with its retries and of the recoveries after them."""

REFUSALS: Final = [
    pytest.param(Failure.NO_CAPACITY, CapacityExhausted, InstanceFailure.CAPACITY, id="capacity"),
    pytest.param(Failure.NO_QUOTA, QuotaExceeded, InstanceFailure.QUOTA, id="quota"),
]


class InterruptedCreationSuite(InstanceSuite):
    """The requirements on a creation that is refused, or interrupted between two calls."""

    @pytest.mark.parametrize(("failure", "expected", "shown"), REFUSALS)
    def test_a_full_cloud_gives_the_reason(
        self,
        compute: ComputeProvider,
        harness: ComputeHarness,
        failure: Failure,
        expected: type[SkyClustError],
        shown: InstanceFailure,
    ) -> None:
        """An error class or the instance's `failure` gives the reason; nothing is left behind."""
        before = list(harness.resource_ids())
        harness.fail(failure)
        refusal = _refusal(compute, harness, full_spec(harness, "web"), TOKEN)
        assert refusal is shown or (isinstance(refusal, type) and issubclass(refusal, expected))
        harness.recover()
        _remove(compute, harness, TOKEN)
        assert list(harness.resource_ids()) == before

    def test_an_interrupted_create_is_completed(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """After a crash at any call a repeated create makes one instance; delete removes all."""
        before = list(harness.resource_ids())
        for calls in range(MOST_CALLS):
            token = str(uuid5(UUID(TOKEN), f"interrupt-{calls}"))
            spec = full_spec(harness, f"web-{calls}")
            interrupted = _is_interrupted(compute, harness, spec, token, calls)
            other = self.provider_class(harness.credential())
            assert isinstance(other, ComputeProvider)
            made = _created(other, spec, token)
            instance = InstanceUnderTest(other, harness, made.reference)
            instance.wait_for(InstanceState.RUNNING)
            assert harness.instance_count() == 1
            assert [match.id for match in other.find_instances(harness.region, token)] == [made.id]
            _remove(other, harness, token)
            assert list(harness.resource_ids()) == before
            if not interrupted:
                return
        pytest.fail(f"A create was still interrupted after {MOST_CALLS} calls.")

    def test_an_interrupted_create_that_is_refused_leaves_nothing(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """What a crashed process created is deleted when its instance cannot be created."""
        before = list(harness.resource_ids())
        for calls in range(MOST_CALLS):
            token = str(uuid5(UUID(TOKEN), f"refused-{calls}"))
            spec = full_spec(harness, f"api-{calls}")
            interrupted = _is_interrupted(compute, harness, spec, token, calls)
            if not compute.find_instances(harness.region, token):
                harness.fail(Failure.NO_QUOTA)
                assert _refusal(compute, harness, spec, token)
                harness.recover()
            _remove(compute, harness, token)
            assert list(harness.resource_ids()) == before
            if not interrupted:
                return
        pytest.fail(f"A create was still interrupted after {MOST_CALLS} calls.")


def full_spec(harness: ComputeHarness, name: str) -> InstanceSpec:
    """Return a spec with a data disk."""
    return harness.spec(name).model_copy(update={"disks": (DiskSpec(size_gib=1),)})


def _is_interrupted(
    compute: ComputeProvider, harness: ComputeHarness, spec: InstanceSpec, token: str, calls: int
) -> bool:
    """Create while the cloud stops answering after a number of calls; return whether it failed."""
    harness.interrupt_after(calls)
    try:
        compute.create_instance(spec, token)
    except Transient:
        return True
    finally:
        harness.recover()
    return False


def _created(compute: ComputeProvider, spec: InstanceSpec, token: str) -> Instance:
    """Create as a task and its recovery do: repeat with the token while the error is Transient."""
    for _ in range(ATTEMPTS - 1):
        try:
            return compute.create_instance(spec, token)
        except Transient:
            time.sleep(PAUSE_SECONDS)
    return compute.create_instance(spec, token)


def _refusal(
    compute: ComputeProvider, harness: ComputeHarness, spec: InstanceSpec, token: str
) -> type[SkyClustError] | InstanceFailure | None:
    """Return the refusal of a full cloud: the class of its error, or the instance's failure."""
    try:
        made = _created(compute, spec, token)
    except (CapacityExhausted, QuotaExceeded) as error:
        return type(error)
    end = time.monotonic() + harness.deadline_seconds
    while made.state is not InstanceState.ERROR:
        assert time.monotonic() < end, f"the instance is {made.state}, and should have failed"
        assert made.state is not InstanceState.RUNNING, "the instance runs in a full cloud"
        time.sleep(harness.poll_seconds)
        made = compute.get_instance(harness.region, made.id)
    assert made.state_reason
    return made.failure


def _remove(compute: ComputeProvider, harness: ComputeHarness, token: str) -> None:
    """Delete the instance with the token, as an operation that rolls back does."""
    for instance in compute.find_instances(harness.region, token):
        compute.delete_instance(instance.reference)
        InstanceUnderTest(compute, harness, instance.reference).wait_for(InstanceState.DELETED)

"""The instance of a test: reading it, changing it and waiting for its states."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import pytest

from skyclust.conformance.harness import ComputeHarness
from skyclust.conformance.suite import Suite
from skyclust.contract import ComputeProvider, InventoryProvider, Provider
from skyclust.errors import Transient
from skyclust.model.instance import Instance, InstanceReference, InstanceState
from skyclust.model.resource import Resource, ResourceKind
from skyclust.operations.waiting import wait_for_state

TOKEN: Final = "0c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e10"  # noqa: S105  # an idempotency token


NO_UNIQUE_ID: Final = "00000000-0000-4000-8000-000000000000"
"""A unique id that no cloud assigns."""


class InstanceUnderTest:
    """An instance named by its reference, whether it exists or not."""

    def __init__(
        self, compute: ComputeProvider, harness: ComputeHarness, reference: InstanceReference
    ) -> None:
        self.compute = compute
        self.harness = harness
        self.reference = reference
        self.region = reference.region
        self.id = reference.id

    def wait_for(self, state: InstanceState) -> Instance | None:
        """Wait for a state, with the harness's deadline; see `wait_for_state`."""
        return wait_for_state(
            self.compute,
            self.reference,
            state,
            deadline_seconds=self.harness.deadline_seconds,
            poll_seconds=self.harness.poll_seconds,
        )

    def get(self) -> Instance:
        """Return the instance as it is now."""
        return self.compute.get_instance(self.region, self.id)

    def ids_by_token(self) -> list[str]:
        """Return the ids of the instances with the token."""
        return [match.id for match in self.compute.find_instances(self.region, TOKEN)]

    def listed(self) -> Resource | None:
        """Return the instance as the inventory lists it, None if it does not."""
        assert isinstance(self.compute, InventoryProvider)
        pages = self.compute.list_resources(self.region, ResourceKind.INSTANCE)
        return next((r for page in pages for r in page if r.id == self.id), None)

    def actions(self) -> dict[str, Callable[[], None]]:
        """Return the changes of an instance, by name."""
        other_type = self.harness.other_type
        return {
            "start": lambda: self.compute.start_instance(self.reference),
            "stop": lambda: self.compute.stop_instance(self.reference),
            "reboot": lambda: self.compute.reboot_instance(self.reference),
            "resize": lambda: self.compute.resize_instance(self.reference, other_type),
        }


def unknown_instance(harness: ComputeHarness) -> InstanceReference:
    """Return the reference of an instance that never existed."""
    return InstanceReference(
        region=harness.region, id=harness.unknown_instance_id, unique_id=NO_UNIQUE_ID
    )


def instance_with_reused_id(instance: InstanceUnderTest) -> InstanceUnderTest | None:
    """Delete the instance, create another instance with its id, and return that.

    None where the cloud never uses an id again: then the id contains the unique id.
    """
    instance.compute.delete_instance(instance.reference)
    instance.wait_for(InstanceState.DELETED)
    reused = instance.harness.reuse_id(instance.reference)
    if reused is None:
        assert instance.reference.unique_id in instance.id
        return None
    assert reused.id == instance.id
    assert reused.unique_id not in {instance.reference.unique_id, NO_UNIQUE_ID}
    return InstanceUnderTest(instance.compute, instance.harness, reused)


def assert_untouched(other: InstanceUnderTest) -> None:
    """Check that the other instance runs, unchanged."""
    seen = other.get()
    assert seen.unique_id == other.reference.unique_id
    assert seen.state is InstanceState.RUNNING
    assert seen.type != other.harness.other_type


def call_with_retries(change: Callable[[], object], harness: ComputeHarness) -> None:
    """Call as a task with retries does: repeat while the error is Transient."""
    end = time.monotonic() + harness.deadline_seconds
    while True:
        try:
            change()
        except Transient:
            assert time.monotonic() < end, "the change is not accepted in time"
            time.sleep(harness.poll_seconds)
        else:
            return


class InstanceSuite(Suite):
    """The fixtures of all suites about instances."""

    @pytest.fixture
    def compute(self, provider: Provider) -> ComputeProvider:
        """Return the provider as a ComputeProvider."""
        assert isinstance(provider, ComputeProvider)
        return provider

    @pytest.fixture
    def instance(self, compute: ComputeProvider, harness: ComputeHarness) -> InstanceUnderTest:
        """Return a new, running instance with the token `TOKEN`."""
        made = compute.create_instance(harness.spec("web"), TOKEN)
        instance = InstanceUnderTest(compute, harness, made.reference)
        instance.wait_for(InstanceState.RUNNING)
        return instance

"""The instance of a test: waiting for its states, and changing it."""

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


class Machine:
    """An instance named by its reference, whether it exists or not."""

    def __init__(
        self, compute: ComputeProvider, harness: ComputeHarness, reference: InstanceReference
    ) -> None:
        self.compute = compute
        self.harness = harness
        self.reference = reference
        self.region = reference.region
        self.id = reference.id

    def becomes(self, state: InstanceState) -> Instance | None:
        """Wait for a state, with the harness's deadline; see `wait_for_state`."""
        return wait_for_state(
            self.compute,
            self.reference,
            state,
            deadline_seconds=self.harness.deadline_seconds,
            poll_seconds=self.harness.poll_seconds,
        )

    def now(self) -> Instance:
        """Return the instance as it is now."""
        return self.compute.get_instance(self.region, self.id)

    def found(self) -> list[str]:
        """Return the ids of the instances with the token."""
        return [found.id for found in self.compute.find_instances(self.region, TOKEN)]

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


def unknown_machine(harness: ComputeHarness) -> InstanceReference:
    """Return the reference of an instance that never existed."""
    return InstanceReference(
        region=harness.region, id=harness.unknown_instance_id, unique_id=NO_UNIQUE_ID
    )


def stranger_of(machine: Machine) -> Machine | None:
    """Delete the instance, give its id to another instance, and return that.

    None where an id is never given again: then the id is the proof, for the unique one is in it.
    """
    machine.compute.delete_instance(machine.reference)
    machine.becomes(InstanceState.DELETED)
    reused = machine.harness.reuse(machine.reference)
    if reused is None:
        assert machine.reference.unique_id in machine.id
        return None
    assert reused.id == machine.id
    assert reused.unique_id not in {machine.reference.unique_id, NO_UNIQUE_ID}
    return Machine(machine.compute, machine.harness, reused)


def assert_untouched(stranger: Machine) -> None:
    """Check that the other instance runs, unchanged."""
    seen = stranger.now()
    assert seen.unique_id == stranger.reference.unique_id
    assert seen.state is InstanceState.RUNNING
    assert seen.type != stranger.harness.other_type


def ask_again(change: Callable[[], object], harness: ComputeHarness) -> None:
    """Call as a task and its retries do: again while the error is Transient."""
    end = time.monotonic() + harness.deadline_seconds
    while True:
        try:
            change()
        except Transient:
            assert time.monotonic() < end, "the change is not accepted in time"
            time.sleep(harness.poll_seconds)
        else:
            return


class MachineSuite(Suite):
    """What the suites about instances share."""

    @pytest.fixture
    def compute(self, provider: Provider) -> ComputeProvider:
        """Return the provider as one that creates instances."""
        assert isinstance(provider, ComputeProvider)
        return provider

    @pytest.fixture
    def machine(self, compute: ComputeProvider, harness: ComputeHarness) -> Machine:
        """Return a new, running instance with the token `TOKEN`."""
        made = compute.create_instance(harness.spec("web"), TOKEN)
        machine = Machine(compute, harness, made.reference)
        machine.becomes(InstanceState.RUNNING)
        return machine

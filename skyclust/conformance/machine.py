"""One machine of a test, and looks at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from skyclust.conformance.harness import ComputeHarness
from skyclust.conformance.suite import Suite
from skyclust.contract import ComputeProvider, InventoryProvider, Provider
from skyclust.model.instance import Instance, InstanceState
from skyclust.model.resource import Resource, ResourceKind
from skyclust.waiting import wait_for_state

TOKEN: Final = "0c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e10"  # noqa: S105  # an idempotency token


class Machine:
    """A machine known by its id, whether it exists or not."""

    def __init__(self, compute: ComputeProvider, harness: ComputeHarness, instance_id: str) -> None:
        self.compute = compute
        self.harness = harness
        self.region = harness.region
        self.id = instance_id

    def becomes(self, state: InstanceState) -> Instance | None:
        """Wait for a state, with the harness's patience; see `wait_for_state`."""
        return wait_for_state(
            self.compute,
            self.region,
            self.id,
            state,
            deadline_seconds=self.harness.deadline_seconds,
            poll_seconds=self.harness.poll_seconds,
        )

    def now(self) -> Instance:
        """Return the machine as it is now."""
        return self.compute.get_instance(self.region, self.id)

    def found(self) -> list[str]:
        """Return the ids that the token finds."""
        return [found.id for found in self.compute.find_instances(self.region, TOKEN)]

    def listed(self) -> Resource | None:
        """Return inventory's view of the machine, None when it has none."""
        assert isinstance(self.compute, InventoryProvider)
        pages = self.compute.list_resources(self.region, ResourceKind.INSTANCE)
        return next((r for page in pages for r in page if r.id == self.id), None)

    def actions(self) -> dict[str, Callable[[], None]]:
        """Return the changes that can be asked for, by name."""
        place = (self.region, self.id)
        return {
            "start": lambda: self.compute.start_instance(*place),
            "stop": lambda: self.compute.stop_instance(*place),
            "reboot": lambda: self.compute.reboot_instance(*place),
            "resize": lambda: self.compute.resize_instance(*place, self.harness.other_type),
        }


class MachineSuite(Suite):
    """What the suites about machines share."""

    @pytest.fixture
    def compute(self, provider: Provider) -> ComputeProvider:
        """Return the provider as one that makes machines."""
        assert isinstance(provider, ComputeProvider)
        return provider

    @pytest.fixture
    def machine(self, compute: ComputeProvider, harness: ComputeHarness) -> Machine:
        """Return a new machine, running, made with `TOKEN`."""
        made = compute.create_instance(harness.spec("web"), TOKEN)
        machine = Machine(compute, harness, made.id)
        machine.becomes(InstanceState.RUNNING)
        return machine

"""Changing and deleting instances: which change is allowed in which state."""

from __future__ import annotations

import pytest

from skyclust.conformance.harness import ComputeHarness
from skyclust.conformance.machine import Machine, MachineSuite, unknown_machine
from skyclust.contract import ComputeProvider
from skyclust.errors import Conflict, InvalidRequest, NotFound, Transient, Unsupported
from skyclust.model.instance import InstanceState
from skyclust.model.resource import instance_resource


class LifecycleSuite(MachineSuite):
    """The requirements on get, start, stop, reboot, resize and delete."""

    def test_a_machine_lives_its_life(self, machine: Machine) -> None:
        """Stop, resize, start, reboot and delete each reach their state in time."""
        machine.compute.stop_instance(machine.reference)
        machine.becomes(InstanceState.STOPPED)
        machine.compute.resize_instance(machine.reference, machine.harness.other_type)
        machine.compute.start_instance(machine.reference)
        running = machine.becomes(InstanceState.RUNNING)
        assert running is not None
        assert running.type == machine.harness.other_type
        machine.compute.reboot_instance(machine.reference)
        machine.becomes(InstanceState.RUNNING)
        machine.compute.delete_instance(machine.reference)
        machine.becomes(InstanceState.DELETED)
        assert machine.harness.machines() == 0

    def test_a_running_machine_may_be_started(self, machine: Machine) -> None:
        """A repeated start is no error."""
        machine.compute.start_instance(machine.reference)
        assert machine.now().state is InstanceState.RUNNING

    def test_a_stopped_machine_may_be_stopped(self, machine: Machine) -> None:
        """A repeated stop is no error."""
        machine.compute.stop_instance(machine.reference)
        machine.becomes(InstanceState.STOPPED)
        machine.compute.stop_instance(machine.reference)
        assert machine.now().state is InstanceState.STOPPED

    def test_a_machine_may_have_the_type_already(self, machine: Machine) -> None:
        """A repeated resize is no error, even when the instance runs again."""
        machine.compute.resize_instance(machine.reference, machine.now().type or "")
        assert machine.now().state is InstanceState.RUNNING

    def test_a_machine_may_keep_its_place_where_the_cloud_knows_that(
        self, machine: Machine
    ) -> None:
        """A stop that only powers off is done, or raises Unsupported and changes nothing."""
        try:
            machine.compute.stop_instance(machine.reference, power_off_only=True)
        except Unsupported:
            assert machine.now().state is InstanceState.RUNNING
        else:
            machine.becomes(InstanceState.STOPPED)
            machine.compute.start_instance(machine.reference)
            machine.becomes(InstanceState.RUNNING)

    def test_a_deleted_machine_may_be_deleted(self, machine: Machine) -> None:
        """A repeated delete is no error, at once and after the instance is gone."""
        machine.compute.delete_instance(machine.reference)
        machine.compute.delete_instance(machine.reference)
        machine.becomes(InstanceState.DELETED)
        machine.compute.delete_instance(machine.reference)

    def test_an_unknown_machine_may_be_deleted(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """Deleting an unknown instance is no error."""
        compute.delete_instance(unknown_machine(harness))

    def test_a_stopped_machine_may_be_deleted(self, machine: Machine) -> None:
        """A stopped instance can be deleted."""
        machine.compute.stop_instance(machine.reference)
        machine.becomes(InstanceState.STOPPED)
        machine.compute.delete_instance(machine.reference)
        machine.becomes(InstanceState.DELETED)

    @pytest.mark.parametrize("action", ["start", "stop", "reboot", "resize"])
    def test_a_deleted_machine_stays_deleted(self, machine: Machine, action: str) -> None:
        """Changing a deleted instance raises a Terminal error, and does not bring it back."""
        machine.compute.delete_instance(machine.reference)
        machine.becomes(InstanceState.DELETED)
        with pytest.raises((NotFound, InvalidRequest)):
            machine.actions()[action]()
        assert machine.harness.machines() == 0

    @pytest.mark.parametrize("action", ["start", "stop", "reboot", "resize"])
    def test_an_unknown_machine_is_not_found(
        self, compute: ComputeProvider, harness: ComputeHarness, action: str
    ) -> None:
        """Changing an unknown instance raises NotFound."""
        nobody = Machine(compute, harness, unknown_machine(harness))
        with pytest.raises(NotFound):
            nobody.actions()[action]()

    def test_get_of_an_unknown_machine_is_not_found(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """An unknown instance raises NotFound: it is neither None nor DELETED."""
        with pytest.raises(NotFound):
            compute.get_instance(harness.region, harness.unknown_instance_id)

    def test_a_running_machine_is_not_resized(self, machine: Machine) -> None:
        """A running instance refuses a resize that needs a stop."""
        other_type = machine.harness.other_type
        before = machine.now()
        if machine.compute.must_stop_to_resize(before, other_type):
            with pytest.raises((InvalidRequest, Conflict)):
                machine.compute.resize_instance(machine.reference, other_type)
            assert machine.now().type == before.type
        else:
            machine.compute.resize_instance(machine.reference, other_type)
            machine.becomes(InstanceState.RUNNING)
            assert machine.now().type == other_type

    def test_an_unknown_type_is_refused(self, machine: Machine) -> None:
        """A resize to a type that does not exist changes nothing."""
        before = machine.now()
        machine.compute.stop_instance(machine.reference)
        machine.becomes(InstanceState.STOPPED)
        with pytest.raises((InvalidRequest, NotFound)):
            machine.compute.resize_instance(machine.reference, machine.harness.unknown["type"])
        assert machine.now().type == before.type

    def test_a_start_during_a_stop_is_refused_or_done(self, machine: Machine) -> None:
        """A start during a stop raises a Transient error, or is carried out; it is never lost.

        The error names the provider: a Conflict without a provider counts as the store's.
        """
        machine.compute.stop_instance(machine.reference)
        refused: Transient | None = None
        try:
            machine.compute.start_instance(machine.reference)
        except Transient as error:
            refused = error
        if refused is None:
            machine.becomes(InstanceState.RUNNING)
        else:
            assert refused.provider == self.provider_class.name
            machine.becomes(InstanceState.STOPPED)

    def test_a_stopped_machine_is_found_by_its_token(self, machine: Machine) -> None:
        """The token finds an instance in each state, until it is deleted."""
        machine.compute.stop_instance(machine.reference)
        machine.becomes(InstanceState.STOPPED)
        assert machine.found() == [machine.id]
        machine.compute.delete_instance(machine.reference)
        machine.becomes(InstanceState.DELETED)
        assert machine.found() == []

    def test_inventory_and_get_agree(self, machine: Machine) -> None:
        """The inventory shows the instance as `get_instance` does, so that it reports no change."""
        assert machine.listed() == instance_resource(machine.now())
        machine.compute.stop_instance(machine.reference)
        machine.becomes(InstanceState.STOPPED)
        assert machine.listed() == instance_resource(machine.now())

    def test_a_deleted_machine_is_not_listed(self, machine: Machine) -> None:
        """A deleted instance is not listed, even while the cloud still reports it."""
        machine.compute.delete_instance(machine.reference)
        machine.becomes(InstanceState.DELETED)
        assert machine.listed() is None

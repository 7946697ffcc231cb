"""Changing and removing machines: what may follow on what."""

from __future__ import annotations

import pytest

from skyclust.conformance.harness import ComputeHarness
from skyclust.conformance.machine import Machine, MachineSuite, unknown_machine
from skyclust.contract import ComputeProvider
from skyclust.errors import Conflict, InvalidRequest, NotFound, Transient, Unsupported
from skyclust.model.instance import InstanceState
from skyclust.model.resource import instance_resource


class LifecycleSuite(MachineSuite):
    """Everything asked of get, start, stop, reboot, resize and delete."""

    def test_a_machine_lives_its_life(self, machine: Machine) -> None:
        """Running, stopped, resized, started, rebooted, deleted: each is reached in time."""
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
        """A start that was asked for twice is no error."""
        machine.compute.start_instance(machine.reference)
        assert machine.now().state is InstanceState.RUNNING

    def test_a_stopped_machine_may_be_stopped(self, machine: Machine) -> None:
        """A stop that was asked for twice is no error."""
        machine.compute.stop_instance(machine.reference)
        machine.becomes(InstanceState.STOPPED)
        machine.compute.stop_instance(machine.reference)
        assert machine.now().state is InstanceState.STOPPED

    def test_a_machine_may_have_the_type_already(self, machine: Machine) -> None:
        """A resize that was asked for twice is no error, even when the machine runs again."""
        machine.compute.resize_instance(machine.reference, machine.now().type or "")
        assert machine.now().state is InstanceState.RUNNING

    def test_a_machine_may_keep_its_place_where_the_cloud_knows_that(
        self, machine: Machine
    ) -> None:
        """A stop that only powers off is done, or Unsupported with the machine untouched."""
        try:
            machine.compute.stop_instance(machine.reference, power_off_only=True)
        except Unsupported:
            assert machine.now().state is InstanceState.RUNNING
        else:
            machine.becomes(InstanceState.STOPPED)
            machine.compute.start_instance(machine.reference)
            machine.becomes(InstanceState.RUNNING)

    def test_a_deleted_machine_may_be_deleted(self, machine: Machine) -> None:
        """A delete that was asked for twice is no error, at once and when all is over."""
        machine.compute.delete_instance(machine.reference)
        machine.compute.delete_instance(machine.reference)
        machine.becomes(InstanceState.DELETED)
        machine.compute.delete_instance(machine.reference)

    def test_an_unknown_machine_may_be_deleted(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """What is not there need not be removed."""
        compute.delete_instance(unknown_machine(harness))

    def test_a_stopped_machine_may_be_deleted(self, machine: Machine) -> None:
        """A machine need not run to be deleted."""
        machine.compute.stop_instance(machine.reference)
        machine.becomes(InstanceState.STOPPED)
        machine.compute.delete_instance(machine.reference)
        machine.becomes(InstanceState.DELETED)

    @pytest.mark.parametrize("action", ["start", "stop", "reboot", "resize"])
    def test_a_deleted_machine_stays_deleted(self, machine: Machine, action: str) -> None:
        """Nothing brings a deleted machine back, and nobody need try again."""
        machine.compute.delete_instance(machine.reference)
        machine.becomes(InstanceState.DELETED)
        with pytest.raises((NotFound, InvalidRequest)):
            machine.actions()[action]()
        assert machine.harness.machines() == 0

    @pytest.mark.parametrize("action", ["start", "stop", "reboot", "resize"])
    def test_an_unknown_machine_is_not_found(
        self, compute: ComputeProvider, harness: ComputeHarness, action: str
    ) -> None:
        """A machine that never was cannot be changed."""
        nobody = Machine(compute, harness, unknown_machine(harness))
        with pytest.raises(NotFound):
            nobody.actions()[action]()

    def test_get_of_an_unknown_machine_is_not_found(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """A machine that never was is NotFound, and neither None nor DELETED."""
        with pytest.raises(NotFound):
            compute.get_instance(harness.region, harness.unknown_instance_id)

    def test_a_running_machine_is_not_resized(self, machine: Machine) -> None:
        """Where a machine must be stopped to be resized, a running one refuses."""
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
        """A start that comes too early is told so (Transient), or honoured; never forgotten.

        It is told with the provider's name: a Conflict without one counts as the store's.
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
        """The token finds a machine in any state in which it exists, and not after."""
        machine.compute.stop_instance(machine.reference)
        machine.becomes(InstanceState.STOPPED)
        assert machine.found() == [machine.id]
        machine.compute.delete_instance(machine.reference)
        machine.becomes(InstanceState.DELETED)
        assert machine.found() == []

    def test_inventory_and_get_agree(self, machine: Machine) -> None:
        """Inventory's view of a machine is the same, so that nothing seems to change."""
        assert machine.listed() == instance_resource(machine.now())
        machine.compute.stop_instance(machine.reference)
        machine.becomes(InstanceState.STOPPED)
        assert machine.listed() == instance_resource(machine.now())

    def test_a_deleted_machine_is_not_listed(self, machine: Machine) -> None:
        """Inventory has what exists; a machine that the cloud still remembers does not."""
        machine.compute.delete_instance(machine.reference)
        machine.becomes(InstanceState.DELETED)
        assert machine.listed() is None

"""A change reaches the instance with the given unique id, and once, if a reply is lost or an id
is used again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from skyclust.conformance.harness import ComputeHarness, Failure
from skyclust.conformance.machine import (
    Machine,
    MachineSuite,
    ask_again,
    assert_untouched,
    stranger_of,
)
from skyclust.contract import ComputeProvider
from skyclust.errors import NotFound, Transient
from skyclust.model.instance import InstanceState

CHANGES = ("start", "stop", "reboot", "resize", "delete")


class IdentitySuite(MachineSuite):
    """The requirements on every change: the right instance, and once."""

    def test_a_machine_has_a_unique_id(self, machine: Machine) -> None:
        """Get, list and create return the same unique id."""
        assert machine.now().unique_id == machine.reference.unique_id
        listed = machine.listed()
        assert listed is not None
        assert listed.attributes["unique_id"] == machine.reference.unique_id

    @pytest.mark.parametrize("change", CHANGES)
    def test_a_reused_id_survives(self, machine: Machine, change: str) -> None:
        """A change of a deleted instance does not reach another instance that has its id."""
        stranger = stranger_of(machine)
        if stranger is None:
            return
        with pytest.raises(NotFound):
            _changes(machine)[change]()
        assert_untouched(stranger)

    def test_leftovers_of_a_reused_id_are_not_the_strangers(self, machine: Machine) -> None:
        """Removing leftovers takes nothing of another instance that has the id now."""
        stranger = stranger_of(machine)
        if stranger is None:
            return
        before = machine.harness.belongings()
        machine.compute.remove_leftovers(machine.reference)
        assert machine.harness.belongings() == before
        assert_untouched(stranger)

    def test_removing_leftovers_deletes_no_machine(self, machine: Machine) -> None:
        """While the instance exists nothing of it counts as leftover."""
        before = machine.harness.belongings()
        machine.compute.remove_leftovers(machine.reference)
        assert machine.harness.belongings() == before
        assert machine.now().state is InstanceState.RUNNING

    def test_leftovers_of_a_new_machine_of_the_same_name_stay(
        self, machine: Machine, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """What was just made for a new instance of the same name is not removed with the old."""
        machine.compute.delete_instance(machine.reference)
        machine.becomes(InstanceState.DELETED)
        token = "4b5b8d5e-6c6f-4b0c-9d6c-0f6f3f0e5a11"  # noqa: S105  # an idempotency token
        made = compute.create_instance(harness.spec("web"), token)
        compute.remove_leftovers(machine.reference)
        other = Machine(compute, harness, made.reference)
        running = other.becomes(InstanceState.RUNNING)
        assert running is not None
        assert compute.get_instance(harness.region, made.id).unique_id == made.unique_id

    @pytest.mark.parametrize("change", ["start", "stop", "resize", "delete"])
    def test_a_lost_reply_of_a_change_is_repeated_without_harm(
        self, machine: Machine, change: str
    ) -> None:
        """A change whose reply was lost can be repeated."""
        target = _prepare(machine, change)
        machine.harness.fail(Failure.LOST_CHANGE)
        ask_again(_changes(machine)[change], machine.harness)
        machine.harness.recover()
        machine.becomes(target)
        if change == "resize":
            assert machine.now().type == machine.harness.other_type

    def test_a_reboot_is_sent_once(self, machine: Machine) -> None:
        """A reboot whose reply was lost is not sent again, neither by SkyClust nor by the SDK."""
        before = machine.harness.reboots()
        machine.harness.fail(Failure.LOST_CHANGE)
        with pytest.raises(Transient):
            machine.compute.reboot_instance(machine.reference)
        machine.harness.recover()
        machine.becomes(InstanceState.RUNNING)
        assert machine.harness.reboots() - before == 1


def _changes(machine: Machine) -> dict[str, Callable[[], None]]:
    delete = lambda: machine.compute.delete_instance(machine.reference)  # noqa: E731  # one of a row
    return machine.actions() | {"delete": delete}


def _prepare(machine: Machine, change: str) -> InstanceState:
    """Bring a running instance to a state that allows the change; return the state after it."""
    if change == "delete":
        return InstanceState.DELETED
    if change == "stop":
        return InstanceState.STOPPED
    needs_stop = change == "start" or machine.compute.must_stop_to_resize(
        machine.now(), machine.harness.other_type
    )
    if needs_stop:
        machine.compute.stop_instance(machine.reference)
        machine.becomes(InstanceState.STOPPED)
    if change == "resize" and needs_stop:
        return InstanceState.STOPPED
    return InstanceState.RUNNING

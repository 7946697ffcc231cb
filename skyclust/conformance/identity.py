"""A change reaches the instance with the given unique id, and only once, also when a reply is lost
or an id is used again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from skyclust.conformance.harness import ComputeHarness, Failure
from skyclust.conformance.instance import (
    InstanceSuite,
    InstanceUnderTest,
    assert_untouched,
    call_with_retries,
    instance_with_reused_id,
)
from skyclust.contract import ComputeProvider
from skyclust.errors import NotFound, Transient
from skyclust.model.instance import InstanceState

CHANGES = ("start", "stop", "reboot", "resize", "delete")


class IdentitySuite(InstanceSuite):
    """The requirements on every change: the right instance, and only once."""

    def test_an_instance_has_a_unique_id(self, instance: InstanceUnderTest) -> None:
        """Get, list and create return the same unique id."""
        assert instance.get().unique_id == instance.reference.unique_id
        listed = instance.listed()
        assert listed is not None
        assert listed.attributes["unique_id"] == instance.reference.unique_id

    @pytest.mark.parametrize("change", CHANGES)
    def test_a_reused_id_survives(self, instance: InstanceUnderTest, change: str) -> None:
        """A change of a deleted instance does not reach another instance that has its id."""
        other = instance_with_reused_id(instance)
        if other is None:
            return
        with pytest.raises(NotFound):
            _changes(instance)[change]()
        assert_untouched(other)

    def test_leftovers_of_a_reused_id_stay(self, instance: InstanceUnderTest) -> None:
        """Removing leftovers deletes nothing of another instance that has the id now."""
        other = instance_with_reused_id(instance)
        if other is None:
            return
        before = instance.harness.resource_ids()
        instance.compute.remove_leftovers(instance.reference)
        assert instance.harness.resource_ids() == before
        assert_untouched(other)

    def test_removing_leftovers_deletes_no_instance(self, instance: InstanceUnderTest) -> None:
        """While the instance exists, none of its resources is a leftover."""
        before = instance.harness.resource_ids()
        instance.compute.remove_leftovers(instance.reference)
        assert instance.harness.resource_ids() == before
        assert instance.get().state is InstanceState.RUNNING

    def test_leftovers_of_a_new_instance_of_the_same_name_stay(
        self, instance: InstanceUnderTest, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """Removing leftovers keeps the resources of a new instance of the same name."""
        instance.compute.delete_instance(instance.reference)
        instance.wait_for(InstanceState.DELETED)
        token = "4b5b8d5e-6c6f-4b0c-9d6c-0f6f3f0e5a11"  # noqa: S105  # an idempotency token
        made = compute.create_instance(harness.spec("web"), token)
        compute.remove_leftovers(instance.reference)
        other = InstanceUnderTest(compute, harness, made.reference)
        running = other.wait_for(InstanceState.RUNNING)
        assert running is not None
        assert compute.get_instance(harness.region, made.id).unique_id == made.unique_id

    @pytest.mark.parametrize("change", ["start", "stop", "resize", "delete"])
    def test_a_lost_reply_of_a_change_is_repeated_without_harm(
        self, instance: InstanceUnderTest, change: str
    ) -> None:
        """A change whose reply was lost can be repeated."""
        target = _prepare(instance, change)
        instance.harness.fail(Failure.LOST_CHANGE)
        call_with_retries(_changes(instance)[change], instance.harness)
        instance.harness.recover()
        instance.wait_for(target)
        if change == "resize":
            assert instance.get().type == instance.harness.other_type

    def test_a_reboot_is_sent_once(self, instance: InstanceUnderTest) -> None:
        """A reboot whose reply was lost is not sent again, neither by SkyClust nor by the SDK."""
        before = instance.harness.reboots()
        instance.harness.fail(Failure.LOST_CHANGE)
        with pytest.raises(Transient):
            instance.compute.reboot_instance(instance.reference)
        instance.harness.recover()
        instance.wait_for(InstanceState.RUNNING)
        assert instance.harness.reboots() - before == 1


def _changes(instance: InstanceUnderTest) -> dict[str, Callable[[], None]]:
    delete = lambda: instance.compute.delete_instance(instance.reference)  # noqa: E731  # like the lambdas of actions()
    return instance.actions() | {"delete": delete}


def _prepare(instance: InstanceUnderTest, change: str) -> InstanceState:
    """Bring a running instance to a state that allows the change; return the state after it."""
    if change == "delete":
        return InstanceState.DELETED
    if change == "stop":
        return InstanceState.STOPPED
    needs_stop = change == "start" or instance.compute.must_stop_to_resize(
        instance.get(), instance.harness.other_type
    )
    if needs_stop:
        instance.compute.stop_instance(instance.reference)
        instance.wait_for(InstanceState.STOPPED)
    if change == "resize" and needs_stop:
        return InstanceState.STOPPED
    return InstanceState.RUNNING

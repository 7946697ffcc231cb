"""Changing and deleting instances: which change is allowed in which state."""

from __future__ import annotations

import pytest

from skyclust.conformance.harness import ComputeHarness
from skyclust.conformance.instance import InstanceSuite, InstanceUnderTest, unknown_instance
from skyclust.contract import ComputeProvider
from skyclust.errors import Conflict, InvalidRequest, NotFound, Transient, Unsupported
from skyclust.model.instance import InstanceState
from skyclust.model.resource import instance_resource


class LifecycleSuite(InstanceSuite):
    """The requirements on get, start, stop, reboot, resize and delete."""

    def test_each_change_reaches_its_state(self, instance: InstanceUnderTest) -> None:
        """Stop, resize, start, reboot and delete each reach their state in time."""
        instance.compute.stop_instance(instance.reference)
        instance.wait_for(InstanceState.STOPPED)
        instance.compute.resize_instance(instance.reference, instance.harness.other_type)
        instance.compute.start_instance(instance.reference)
        running = instance.wait_for(InstanceState.RUNNING)
        assert running is not None
        assert running.type == instance.harness.other_type
        instance.compute.reboot_instance(instance.reference)
        instance.wait_for(InstanceState.RUNNING)
        instance.compute.delete_instance(instance.reference)
        instance.wait_for(InstanceState.DELETED)
        assert instance.harness.instance_count() == 0

    def test_a_running_instance_may_be_started(self, instance: InstanceUnderTest) -> None:
        """A repeated start is no error."""
        instance.compute.start_instance(instance.reference)
        assert instance.get().state is InstanceState.RUNNING

    def test_a_stopped_instance_may_be_stopped(self, instance: InstanceUnderTest) -> None:
        """A repeated stop is no error."""
        instance.compute.stop_instance(instance.reference)
        instance.wait_for(InstanceState.STOPPED)
        instance.compute.stop_instance(instance.reference)
        assert instance.get().state is InstanceState.STOPPED

    def test_an_instance_may_have_the_type_already(self, instance: InstanceUnderTest) -> None:
        """A repeated resize is no error, even when the instance runs again."""
        instance.compute.resize_instance(instance.reference, instance.get().type or "")
        assert instance.get().state is InstanceState.RUNNING

    def test_power_off_only_stops_or_is_unsupported(self, instance: InstanceUnderTest) -> None:
        """A stop that only powers off is done, or raises Unsupported and changes nothing."""
        try:
            instance.compute.stop_instance(instance.reference, power_off_only=True)
        except Unsupported:
            assert not instance.compute.keeps_capacity
            assert instance.get().state is InstanceState.RUNNING
        else:
            assert instance.compute.keeps_capacity
            instance.wait_for(InstanceState.STOPPED)
            instance.compute.start_instance(instance.reference)
            instance.wait_for(InstanceState.RUNNING)

    def test_a_deleted_instance_may_be_deleted(self, instance: InstanceUnderTest) -> None:
        """A repeated delete is no error, at once and after the instance is deleted."""
        instance.compute.delete_instance(instance.reference)
        instance.compute.delete_instance(instance.reference)
        instance.wait_for(InstanceState.DELETED)
        instance.compute.delete_instance(instance.reference)

    def test_an_unknown_instance_may_be_deleted(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """Deleting an unknown instance is no error."""
        compute.delete_instance(unknown_instance(harness))

    def test_a_stopped_instance_may_be_deleted(self, instance: InstanceUnderTest) -> None:
        """A stopped instance can be deleted."""
        instance.compute.stop_instance(instance.reference)
        instance.wait_for(InstanceState.STOPPED)
        instance.compute.delete_instance(instance.reference)
        instance.wait_for(InstanceState.DELETED)

    @pytest.mark.parametrize("action", ["start", "stop", "reboot", "resize"])
    def test_a_deleted_instance_stays_deleted(
        self, instance: InstanceUnderTest, action: str
    ) -> None:
        """Changing a deleted instance raises a Terminal error, and does not start it again."""
        instance.compute.delete_instance(instance.reference)
        instance.wait_for(InstanceState.DELETED)
        with pytest.raises((NotFound, InvalidRequest)):
            instance.actions()[action]()
        assert instance.harness.instance_count() == 0

    @pytest.mark.parametrize("action", ["start", "stop", "reboot", "resize"])
    def test_an_unknown_instance_is_not_found(
        self, compute: ComputeProvider, harness: ComputeHarness, action: str
    ) -> None:
        """Changing an unknown instance raises NotFound."""
        unknown = InstanceUnderTest(compute, harness, unknown_instance(harness))
        with pytest.raises(NotFound):
            unknown.actions()[action]()

    def test_get_of_an_unknown_instance_is_not_found(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """An unknown instance raises NotFound: it is neither None nor DELETED."""
        with pytest.raises(NotFound):
            compute.get_instance(harness.region, harness.unknown_instance_id)

    def test_a_running_instance_is_not_resized(self, instance: InstanceUnderTest) -> None:
        """A running instance refuses a resize that needs a stop."""
        other_type = instance.harness.other_type
        before = instance.get()
        if instance.compute.must_stop_to_resize(before, other_type):
            with pytest.raises((InvalidRequest, Conflict)):
                instance.compute.resize_instance(instance.reference, other_type)
            assert instance.get().type == before.type
        else:
            instance.compute.resize_instance(instance.reference, other_type)
            instance.wait_for(InstanceState.RUNNING)
            assert instance.get().type == other_type

    def test_an_unknown_type_is_refused(self, instance: InstanceUnderTest) -> None:
        """A resize to a type that does not exist changes nothing."""
        before = instance.get()
        instance.compute.stop_instance(instance.reference)
        instance.wait_for(InstanceState.STOPPED)
        with pytest.raises((InvalidRequest, NotFound)):
            instance.compute.resize_instance(instance.reference, instance.harness.unknown["type"])
        assert instance.get().type == before.type

    def test_a_start_during_a_stop_is_refused_or_done(self, instance: InstanceUnderTest) -> None:
        """A start during a stop raises a Transient error or is carried out; it is never dropped.

        The error names the provider: a Conflict without a provider counts as an error of the store.
        """
        instance.compute.stop_instance(instance.reference)
        refused: Transient | None = None
        try:
            instance.compute.start_instance(instance.reference)
        except Transient as error:
            refused = error
        if refused is None:
            instance.wait_for(InstanceState.RUNNING)
        else:
            assert refused.provider == self.provider_class.name
            instance.wait_for(InstanceState.STOPPED)

    def test_a_stopped_instance_is_found_by_its_token(self, instance: InstanceUnderTest) -> None:
        """The token finds an instance in each state, until it is deleted."""
        instance.compute.stop_instance(instance.reference)
        instance.wait_for(InstanceState.STOPPED)
        assert instance.ids_by_token() == [instance.id]
        instance.compute.delete_instance(instance.reference)
        instance.wait_for(InstanceState.DELETED)
        assert instance.ids_by_token() == []

    def test_inventory_and_get_agree(self, instance: InstanceUnderTest) -> None:
        """The inventory shows the instance as `get_instance` does, so that it reports no change."""
        assert instance.listed() == instance_resource(instance.get())
        instance.compute.stop_instance(instance.reference)
        instance.wait_for(InstanceState.STOPPED)
        assert instance.listed() == instance_resource(instance.get())

    def test_a_deleted_instance_is_not_listed(self, instance: InstanceUnderTest) -> None:
        """A deleted instance is not listed, even while the cloud still reports it."""
        instance.compute.delete_instance(instance.reference)
        instance.wait_for(InstanceState.DELETED)
        assert instance.listed() is None

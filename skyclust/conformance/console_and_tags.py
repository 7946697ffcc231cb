"""The suites of `ConsoleProvider` and `TagProvider`."""

from __future__ import annotations

import time

import pytest

from skyclust.conformance.harness import ComputeHarness, ConsoleHarness, Failure
from skyclust.conformance.instance import (
    InstanceSuite,
    InstanceUnderTest,
    call_with_retries,
    instance_with_reused_id,
    unknown_instance,
)
from skyclust.contract import ConsoleProvider, Provider, TagProvider
from skyclust.errors import NotFound


class ConsoleSuite(InstanceSuite):
    """The requirements on a provider that reads console output."""

    @pytest.fixture
    def console(self, provider: Provider) -> ConsoleProvider:
        """Return the provider as a ConsoleProvider."""
        assert isinstance(provider, ConsoleProvider)
        return provider

    def test_an_instance_writes_to_its_console(
        self, console: ConsoleProvider, instance: InstanceUnderTest, harness: ConsoleHarness
    ) -> None:
        """The output that an instance wrote when it booted can be read, after a while."""
        end = time.monotonic() + harness.deadline_seconds
        while harness.console_text not in console.console_log(instance.region, instance.id):
            assert time.monotonic() < end, "the console output stays empty"
            time.sleep(harness.poll_seconds)

    def test_an_unknown_instance_has_no_console(
        self, console: ConsoleProvider, harness: ConsoleHarness
    ) -> None:
        """The console of an unknown instance raises NotFound, and is never empty."""
        with pytest.raises(NotFound):
            console.console_log(harness.region, harness.unknown_instance_id)


class TagSuite(InstanceSuite):
    """The requirements on a provider that changes tags."""

    @pytest.fixture
    def tagging(self, provider: Provider) -> TagProvider:
        """Return the provider as a TagProvider."""
        assert isinstance(provider, TagProvider)
        return provider

    def test_tags_are_set_and_removed(
        self, tagging: TagProvider, instance: InstanceUnderTest
    ) -> None:
        """The given tags change, also when repeated, and all other tags stay."""
        before = instance.get().tags
        added = {"stage": "test", "cost-center": "4711"}
        for _ in range(2):
            tagging.set_tags(instance.reference, added)
            assert instance.get().tags == {**before, **added}
        for _ in range(2):
            tagging.set_tags(instance.reference, {"stage": "production"}, ["cost-center"])
            assert instance.get().tags == {**before, "stage": "production"}

    def test_a_lost_reply_tags_once(
        self, tagging: TagProvider, instance: InstanceUnderTest, harness: ComputeHarness
    ) -> None:
        """A change of tags whose reply was lost can be repeated."""
        before = instance.get().tags
        harness.fail(Failure.LOST_CHANGE)
        call_with_retries(lambda: tagging.set_tags(instance.reference, {"stage": "test"}), harness)
        harness.recover()
        assert instance.get().tags == {**before, "stage": "test"}

    def test_a_reused_id_keeps_its_tags(
        self, tagging: TagProvider, instance: InstanceUnderTest
    ) -> None:
        """Tags of a deleted instance are not set on another instance with its id."""
        other = instance_with_reused_id(instance)
        if other is None:
            return
        before = other.get().tags
        with pytest.raises(NotFound):
            tagging.set_tags(instance.reference, {"stage": "test"})
        assert other.get().tags == before

    def test_a_tagged_instance_is_found_by_its_token(
        self, tagging: TagProvider, instance: InstanceUnderTest, harness: ComputeHarness
    ) -> None:
        """Changing tags does not remove the token of the instance."""
        tags_of_spec = list(harness.spec("web").tags)
        tagging.set_tags(instance.reference, {"stage": "test"}, tags_of_spec)
        assert instance.ids_by_token() == [instance.id]
        assert not set(tags_of_spec) & set(instance.get().tags)

    def test_an_unknown_instance_takes_no_tags(
        self, tagging: TagProvider, harness: ComputeHarness
    ) -> None:
        """Setting tags of an unknown instance raises NotFound."""
        with pytest.raises(NotFound):
            tagging.set_tags(unknown_instance(harness), {"stage": "test"})

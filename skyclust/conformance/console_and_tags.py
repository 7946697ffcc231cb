"""The suites of `ConsoleProvider` and `TagProvider`."""

from __future__ import annotations

import time

import pytest

from skyclust.conformance.harness import ComputeHarness, ConsoleHarness, Failure
from skyclust.conformance.machine import (
    Machine,
    MachineSuite,
    ask_again,
    stranger_of,
    unknown_machine,
)
from skyclust.contract import ConsoleProvider, Provider, TagProvider
from skyclust.errors import NotFound


class ConsoleSuite(MachineSuite):
    """The requirements on a provider that shows consoles."""

    @pytest.fixture
    def console(self, provider: Provider) -> ConsoleProvider:
        """Return the provider as one that shows consoles."""
        assert isinstance(provider, ConsoleProvider)
        return provider

    def test_a_machine_writes_to_its_console(
        self, console: ConsoleProvider, machine: Machine, harness: ConsoleHarness
    ) -> None:
        """What an instance wrote when it booted can be read, after a while."""
        end = time.monotonic() + harness.deadline_seconds
        while harness.console_text not in console.console_log(machine.region, machine.id):
            assert time.monotonic() < end, "the console stays empty"
            time.sleep(harness.poll_seconds)

    def test_an_unknown_machine_has_no_console(
        self, console: ConsoleProvider, harness: ConsoleHarness
    ) -> None:
        """The console of an unknown instance raises NotFound, and is never empty."""
        with pytest.raises(NotFound):
            console.console_log(harness.region, harness.unknown_instance_id)


class TagSuite(MachineSuite):
    """The requirements on a provider that changes tags."""

    @pytest.fixture
    def tagging(self, provider: Provider) -> TagProvider:
        """Return the provider as one that changes tags."""
        assert isinstance(provider, TagProvider)
        return provider

    def test_tags_are_set_and_removed(self, tagging: TagProvider, machine: Machine) -> None:
        """The given tags change, also when repeated, and all other tags stay."""
        before = machine.now().tags
        added = {"stage": "test", "cost-center": "4711"}
        for _ in range(2):
            tagging.set_tags(machine.reference, added)
            assert machine.now().tags == {**before, **added}
        for _ in range(2):
            tagging.set_tags(machine.reference, {"stage": "production"}, ["cost-center"])
            assert machine.now().tags == {**before, "stage": "production"}

    def test_a_lost_reply_tags_once(
        self, tagging: TagProvider, machine: Machine, harness: ComputeHarness
    ) -> None:
        """A change of tags whose reply was lost can be repeated."""
        before = machine.now().tags
        harness.fail(Failure.LOST_CHANGE)
        ask_again(lambda: tagging.set_tags(machine.reference, {"stage": "test"}), harness)
        harness.recover()
        assert machine.now().tags == {**before, "stage": "test"}

    def test_a_reused_id_keeps_its_tags(self, tagging: TagProvider, machine: Machine) -> None:
        """Tags of a deleted instance are not set on another instance with its id."""
        stranger = stranger_of(machine)
        if stranger is None:
            return
        before = stranger.now().tags
        with pytest.raises(NotFound):
            tagging.set_tags(machine.reference, {"stage": "test"})
        assert stranger.now().tags == before

    def test_a_tagged_machine_is_found_by_its_token(
        self, tagging: TagProvider, machine: Machine, harness: ComputeHarness
    ) -> None:
        """Changing tags does not remove the token of the instance."""
        own = list(harness.spec("web").tags)
        tagging.set_tags(machine.reference, {"stage": "test"}, own)
        assert machine.found() == [machine.id]
        assert not set(own) & set(machine.now().tags)

    def test_an_unknown_machine_takes_no_tags(
        self, tagging: TagProvider, harness: ComputeHarness
    ) -> None:
        """Setting tags of an unknown instance raises NotFound."""
        with pytest.raises(NotFound):
            tagging.set_tags(unknown_machine(harness), {"stage": "test"})

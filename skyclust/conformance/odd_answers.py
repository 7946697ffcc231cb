"""Lists with undocumented answers: an incomplete list never counts as complete."""

from __future__ import annotations

from typing import Final

import pytest

from skyclust.conformance.harness import Failure, InventoryHarness
from skyclust.conformance.suite import Suite
from skyclust.contract import InventoryProvider, Provider
from skyclust.errors import IncompleteList, Timeout, Unavailable, UnexpectedAnswer
from skyclust.model.resource import ResourceKind

MOST_CALLS: Final = 500
"""Calls within which an endless list must raise."""


class OddAnswerSuite(Suite):
    """The requirements on every list when the cloud, or a proxy before it, answers unexpectedly."""

    @pytest.fixture
    def odd_inventory(self, provider: Provider) -> InventoryProvider:
        """Return the provider as an InventoryProvider."""
        assert isinstance(provider, InventoryProvider)
        return provider

    @pytest.mark.parametrize("failure", [Failure.HTML, Failure.NULL, Failure.NO_LIST])
    def test_an_odd_answer_is_no_list(
        self,
        odd_inventory: InventoryProvider,
        harness: InventoryHarness,
        kind: ResourceKind,
        failure: Failure,
    ) -> None:
        """An answer without its list raises a Transient error, and is never an empty list."""
        harness.seed(kind, 1)
        harness.fail(failure)
        with pytest.raises((UnexpectedAnswer, Unavailable, Timeout)) as raised:
            list(odd_inventory.list_resources(harness.region, kind))
        assert raised.value.provider == self.provider_class.name

    def test_an_endless_list_is_noticed(
        self, odd_inventory: InventoryProvider, harness: InventoryHarness, kind: ResourceKind
    ) -> None:
        """A page that leads back to an earlier page raises within a few calls."""
        harness.seed(kind, 2 * harness.smallest_page + 1)
        harness.fail(Failure.ENDLESS)
        before = harness.calls()

        def read() -> None:
            for _ in odd_inventory.list_resources(harness.region, kind, page_size=1):
                assert harness.calls() - before < MOST_CALLS, "the list never ends"

        with pytest.raises(UnexpectedAnswer):
            read()

    def test_an_unreadable_item_is_named(
        self, odd_inventory: InventoryProvider, harness: InventoryHarness, kind: ResourceKind
    ) -> None:
        """One unreadable item hides no other item, and the list raises IncompleteList."""
        made = set(harness.seed(kind, 3))
        corrupted = harness.corrupt(kind)
        listed: set[str] = set()
        pages = odd_inventory.list_resources(harness.region, kind)
        with pytest.raises(IncompleteList) as raised:
            listed.update(resource.id for page in pages for resource in page)
        assert len(made - listed) == 1
        [item] = raised.value.items
        assert corrupted in item.name
        assert item.region == harness.region
        assert item.reason
        assert raised.value.provider == self.provider_class.name

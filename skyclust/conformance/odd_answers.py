"""Lists whose answers are not what the API promises: no part of them passes for all of it."""

from __future__ import annotations

from typing import Final

import pytest

from skyclust.conformance.harness import Failure, InventoryHarness
from skyclust.conformance.suite import Suite
from skyclust.contract import InventoryProvider, Provider
from skyclust.errors import IncompleteList, Timeout, Unavailable, UnexpectedAnswer
from skyclust.model.resource import ResourceKind

MOST_CALLS: Final = 500
"""Calls after which a list that never ends has to be noticed."""


class OddAnswerSuite(Suite):
    """What is asked of every list when the cloud, or a proxy before it, answers oddly."""

    @pytest.fixture
    def odd_inventory(self, provider: Provider) -> InventoryProvider:
        """Return the provider as one that lists."""
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
        """An answer without its list is not an empty list, and may be another one next time."""
        harness.seed(kind, 1)
        harness.fail(failure)
        with pytest.raises((UnexpectedAnswer, Unavailable, Timeout)) as raised:
            list(odd_inventory.list_resources(harness.region, kind))
        assert raised.value.provider == self.provider_class.name

    def test_an_endless_list_is_noticed(
        self, odd_inventory: InventoryProvider, harness: InventoryHarness, kind: ResourceKind
    ) -> None:
        """A page that leads back to an earlier one raises, and soon."""
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
        """One odd item hides none of the others, and the list does not pass for complete."""
        made = set(harness.seed(kind, 3))
        spoiled = harness.spoil(kind)
        listed: set[str] = set()
        pages = odd_inventory.list_resources(harness.region, kind)
        with pytest.raises(IncompleteList) as raised:
            listed.update(resource.id for page in pages for resource in page)
        assert len(made - listed) == 1
        [item] = raised.value.items
        assert spoiled in item.name
        assert item.region == harness.region
        assert item.reason
        assert raised.value.provider == self.provider_class.name

"""Reading what is due into the cache: from a source that answers, fails, or has lost a price."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from skyclust.contract import (
    CredentialModel,
    ListPrice,
    MissingPrice,
    PriceAnswer,
    PricedKind,
    PriceItem,
    PriceProvider,
    Provider,
)
from skyclust.costs.prices.refreshing import (
    DuePrices,
    due_of,
    due_prices,
    load_prices,
    refresh_prices,
)
from skyclust.errors import Unavailable
from skyclust.model.identity import Identity
from skyclust.store import cached_prices
from skyclust.store.engine import Store
from tests.unit.costs.prices.test_lookup import ADDRESS, DISK, price

NOW = datetime.now(UTC)


class Source(Provider, PriceProvider):
    """A cloud that has nothing but a price list, whose answer is known."""

    name = "aws"
    title = "Prices"
    credential_model = CredentialModel

    def __init__(self, answer: PriceAnswer | Exception) -> None:
        self.answer = answer

    def verify(self) -> Identity:
        """Raise Unavailable."""
        raise Unavailable("It has a price list only.")

    def regions(self) -> Sequence[str]:
        """Return none."""
        return []

    def list_prices(self, items: Collection[PriceItem]) -> PriceAnswer:
        """Return the answer, or raise it."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def read(store: Store, *answers: PriceAnswer | Exception) -> Any:
    """Read the prices of a disk and an address with one credential for each answer."""
    sources: dict[str, Provider] = {str(n): Source(one) for n, one in enumerate(answers)}
    due = DuePrices("aws", list(sources), frozenset({DISK, ADDRESS}))
    return refresh_prices(store, "default", due, sources.__getitem__)


def cached(store: Store) -> list[ListPrice]:
    with store.reading() as connection:
        return [one.price for one in cached_prices.list_all(connection, "default")]


def test_prices_are_cached_as_they_were_read(store: Store) -> None:
    of_type = price(DISK.of_any_size, NOW, effective_from=NOW)
    answer = PriceAnswer([of_type], [MissingPrice(ADDRESS, "two")])
    refreshed = read(store, answer)
    assert (refreshed.read, refreshed.missing) == (1, answer.missing)
    assert cached(store) == [of_type]
    assert load_prices(store, "default").due("aws", [DISK, ADDRESS], NOW) == {ADDRESS}


def test_a_dead_source_leaves_the_earlier_price(store: Store) -> None:
    old = price(DISK.of_any_size, NOW - timedelta(days=30))
    read(store, PriceAnswer([old]))
    with pytest.raises(Unavailable):
        read(store, Unavailable("no answer"))
    assert cached(store) == [old]


def test_another_credential_reads_where_the_first_cannot(store: Store) -> None:
    assert read(store, Unavailable("no"), PriceAnswer([price(ADDRESS, NOW)])).read == 1


def test_a_price_that_the_list_has_no_more_is_removed(store: Store) -> None:
    read(store, PriceAnswer([price(DISK.of_any_size, NOW), price(ADDRESS, NOW)]))
    read(store, PriceAnswer([price(ADDRESS, NOW)], [MissingPrice(DISK, "two")]))
    assert [one.item for one in cached(store)] == [ADDRESS]


def test_a_price_expires_after_ninety_days(store: Store) -> None:
    read(store, PriceAnswer([price(ADDRESS, NOW - timedelta(days=91))]))
    assert cached(store) == []


def test_only_clouds_with_a_price_list_and_a_credential_are_due(store: Store) -> None:
    item = PriceItem(PricedKind.ADDRESS, "r")
    wanted = {"aws": [item], "proxmox": [item], "gcp": [item], "missing": [item]}
    names = {"aws": ["a"], "proxmox": ["p"], "missing": ["m"]}
    known = load_prices(store, "default")
    assert due_of(wanted, names, known, NOW) == [DuePrices("aws", ["a"], frozenset({item}))]
    assert due_prices(store, "default") == []

"""Looking up cached list prices, and which of them have to be read again. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from skyclust.costs.money import exact_text
from skyclust.model.list_price import ListPrice, PriceItem, PriceUnit
from skyclust.store.cached_prices import CachedPrice

FRESH_FOR: Final = timedelta(days=7)
"""An older price is read again; until that succeeds it is used, with its age."""

KEPT_FOR: Final = timedelta(days=90)
"""A price that could not be read again for so long is removed."""

UNITS: Final = {
    PriceUnit.HOUR: "an hour",
    PriceUnit.GIB_MONTH: "a GiB-month",
    PriceUnit.MONTH: "a month",
}


@dataclass(frozen=True)
class PriceList:
    """The cached prices of a workspace, by provider and item."""

    prices: Mapping[tuple[str, PriceItem], ListPrice] = field(default_factory=dict)

    def find(self, provider: str, item: PriceItem) -> ListPrice | None:
        """Return the price of an item, else that of its type at any size, else None."""
        exact = self.prices.get((provider, item))
        return exact or self.prices.get((provider, item.of_any_size))

    def due(self, provider: str, items: Iterable[PriceItem], now: datetime) -> set[PriceItem]:
        """Return the items without a price that was read within the last seven days."""
        return {
            item
            for item in items
            if (found := self.find(provider, item)) is None or now - found.read_at >= FRESH_FOR
        }


def price_list(cached: Iterable[CachedPrice]) -> PriceList:
    """Return cached prices as a list."""
    return PriceList({(one.provider, one.price.item): one.price for one in cached})


def price_text(price: ListPrice, today: date) -> str:
    """Return a price with its unit and its dates: that of an old one says how old it is."""
    since = f" since {price.effective_from:%Y-%m-%d}" if price.effective_from else ""
    age = today - price.read_at.date()
    old = f", {age.days} days ago" if age > FRESH_FOR else ""
    return (
        f"list price {exact_text(price.amount)} {price.currency} {UNITS[price.unit]}{since},"
        f" read {price.read_at:%Y-%m-%d}{old}"
    )

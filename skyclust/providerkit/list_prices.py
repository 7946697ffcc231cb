"""One price of what a cloud's price list has for an item: an ambiguous one is no price."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from skyclust.model.list_price import (
    ListPrice,
    MissingPrice,
    PriceAnswer,
    PriceItem,
    PriceUnit,
)

NO_PRICE: Final = "the price list has no price for it"
SHOWN: Final = 3
"""SKUs that the reason names."""


@dataclass(frozen=True)
class Sku:
    """An entry of a price list that matches an item.

    `amount` is None where its price depends on the quantity; `unit` None where it is another than
    that of the item.
    """

    sku: str
    amount: Decimal | None
    currency: str
    unit: PriceUnit | None
    effective_from: datetime | None = None


def price_of(
    item: PriceItem, matching: Sequence[Sku], read_at: datetime
) -> ListPrice | MissingPrice:
    """Return the price of the one SKU that matches an item, else why there is none."""
    skus = {one.sku: one for one in matching}
    if not skus:
        return MissingPrice(item, NO_PRICE)
    if len(skus) > 1 or len(matching) > 1:
        names = ", ".join(sorted(skus)[:SHOWN])
        return MissingPrice(item, f"{len(matching)} prices match it: {names}")
    [found] = matching
    if found.amount is None:
        return MissingPrice(item, f"the price of {found.sku} depends on the quantity")
    if found.unit is None:
        return MissingPrice(item, f"the price of {found.sku} is in another unit")
    if found.amount <= 0:
        return MissingPrice(item, f"the list has no amount for {found.sku}")
    return ListPrice(
        item=item,
        amount=found.amount,
        currency=found.currency,
        unit=found.unit,
        sku=found.sku,
        effective_from=found.effective_from,
        read_at=read_at,
    )


def answer_of(results: Iterable[ListPrice | MissingPrice]) -> PriceAnswer:
    """Return an answer of results, each price and each missing item once."""
    prices: dict[PriceItem, ListPrice] = {}
    missing: dict[PriceItem, MissingPrice] = {}
    for result in results:
        if isinstance(result, ListPrice):
            prices[result.item] = result
        else:
            missing[result.item] = result
    return PriceAnswer(tuple(prices.values()), tuple(missing.values()))

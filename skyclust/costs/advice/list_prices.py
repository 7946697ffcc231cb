"""What a resource costs in a month of 30 days at its cloud's list price, where one was read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from skyclust.costs.advice.records import PriceBasis, Saving
from skyclust.costs.money import money_text
from skyclust.costs.prices.items import item_of
from skyclust.costs.prices.lookup import PriceList, price_text
from skyclust.model.list_price import ListPrice, PricedKind, PriceUnit
from skyclust.model.stored import StoredResource

HOURS: Final = Decimal(24 * 30)
"""A month of 30 days, as savings count."""


def by_list_price(prices: PriceList, resource: StoredResource, today: date) -> Saving | None:
    """Return the list price of a resource for 30 days; None where none is known.

    Of a snapshot the clouds charge what it stores, which they do not report: its saving stays
    unknown, with the most that it can be as a remark.
    """
    item = item_of(resource)
    price = None if item is None else prices.find(resource.provider, item)
    if item is None or price is None:
        return None
    amount = _monthly(price, resource)
    if amount is None:
        return None
    remark = price_text(price, today)
    if item.kind is PricedKind.SNAPSHOT:
        most = money_text(amount, price.currency)
        bound = f"at most {most}, by the size of its disk: what it stores is not known"
        return Saving(None, "", PriceBasis.UNKNOWN, remarks=(bound, remark))
    remarks = (remark, *(_apart(item.kind)))
    return Saving(amount, price.currency, PriceBasis.LIST_PRICE, remarks=remarks)


def _monthly(price: ListPrice, resource: StoredResource) -> Decimal | None:
    match price.unit:
        case PriceUnit.HOUR:
            return price.amount * HOURS
        case PriceUnit.MONTH:
            return price.amount
    size = resource.attributes.get("size_gib")
    return None if size is None else price.amount * Decimal(str(size))


def _apart(kind: PricedKind) -> tuple[str, ...]:
    if kind is PricedKind.DISK:
        return ("without provisioned performance and operations",)
    return ()

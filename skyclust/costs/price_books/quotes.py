"""What an instance would cost at the prices of a book, for placement and advice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from skyclust.costs.price_books.amounts import rounded, unit_seconds
from skyclust.costs.price_books.book import HOURS_OF_A_MONTH, PriceBook, Size
from skyclust.costs.price_books.items import (
    Item,
    NotPriced,
    instance_items,
    items_of,
    size_of_type,
    storage_price,
)
from skyclust.model.resource_period import ResourcePeriod


@dataclass(frozen=True)
class QuotedInstance:
    """An instance to be quoted: a type, or cores and memory, and GiB of disks by storage class."""

    type: str | None = None
    cores: Decimal | None = None
    memory_gib: Decimal | None = None
    disks_gib: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True)
class Quote:
    """The cost of a running instance in the book's currency: an hour, and a month of 730 hours."""

    hourly: Decimal
    monthly: Decimal
    currency: str


def quote(book: PriceBook, spec: QuotedInstance, day: date) -> Quote | None:
    """Return what an instance costs at the prices of a day, without licences.

    None where a part of it has no price or its size is not known: a quote is never for a part of
    the instance.
    """
    try:
        items = instance_items(book, spec.type, _size(book, spec), day)
    except NotPriced:
        return None
    if not items:
        return None
    for storage_class, gib in spec.disks_gib:
        price = storage_price(book, (storage_class,), day)
        if price is None:
            return None
        items.append(Item(price, gib))
    return _quote(book, items, day)


def quote_resource(book: PriceBook, resource: ResourcePeriod, day: date) -> Quote | None:
    """Return what a resource costs as it is, at the prices of a day.

    None where the book has no price for it: also for a kind that it has no prices for, and for a
    state that is not charged.
    """
    try:
        items = items_of(book, resource, day)
    except NotPriced:
        return None
    return _quote(book, items, day) if items else None


def _quote(book: PriceBook, items: Sequence[Item], day: date) -> Quote:
    hourly = sum((_hourly(book, item, day) for item in items), Fraction(0))
    return Quote(
        hourly=rounded(hourly),
        monthly=rounded(hourly * HOURS_OF_A_MONTH),
        currency=book.currency,
    )


def _size(book: PriceBook, spec: QuotedInstance) -> Size | None:
    if spec.cores is not None and spec.memory_gib is not None:
        return Size.model_construct(cores=spec.cores, memory_gib=spec.memory_gib)
    return size_of_type(book, spec.type)


def _hourly(book: PriceBook, item: Item, day: date) -> Fraction:
    seconds = unit_seconds(day, monthly=item.price.monthly, month=book.month)
    return Fraction(item.quantity) * Fraction(item.price.price) * 3600 / seconds

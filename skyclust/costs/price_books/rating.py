"""Rating: a resource's periods become charges of single days (UTC) at the prices of a book."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from skyclust.costs.price_books.amounts import midnight, part, unit_seconds, whole
from skyclust.costs.price_books.book import PriceBook
from skyclust.costs.price_books.items import Item, items_of
from skyclust.costs.price_books.prices import DatedPrice
from skyclust.model.resource import ResourceKind
from skyclust.model.resource_period import ResourcePeriod


@dataclass(frozen=True)
class Charge:
    """What a resource costs in [begin, end), a part of one day, at one price.

    `consumed` are the units that were used, `priced` those that are charged: more where the book
    has a minimum. `cost` is in the book's currency.
    """

    resource: ResourcePeriod
    price: DatedPrice
    begin: datetime
    end: datetime
    consumed: Decimal
    priced: Decimal
    cost: Decimal


def charges_of_day(
    book: PriceBook, periods: Sequence[ResourcePeriod], day: date, until: datetime
) -> Iterator[Charge]:
    """Yield the charges of one resource on one day, up to `until`.

    `periods` are all of the resource's, by time, that end after the day begins less the minimum of
    the book. Raises NotPriced where the day's amount is unknown.
    """
    begin, end = midnight(day), min(midnight(day + timedelta(days=1)), until)
    for number, period in enumerate(periods):
        first = max(begin, period.valid_from)
        last = end if period.valid_to is None else min(end, period.valid_to)
        if first >= last:
            continue
        items = items_of(book, period, day)
        missing = _missing_time(book, periods, number, last)
        for item in items:
            yield _charge(book, period, item, first, last)
            if missing and period.valid_to == last:
                yield _minimum_charge(book, period, item, last, missing)


def _charge(
    book: PriceBook, period: ResourcePeriod, item: Item, begin: datetime, end: datetime
) -> Charge:
    unit = unit_seconds(begin.date(), monthly=item.price.monthly, month=book.month)
    units = part(item.quantity, unit, begin, end)
    cost = part(item.quantity * item.price.price, unit, begin, end)
    return Charge(period, item.price, begin, end, units, units, cost)


def _minimum_charge(
    book: PriceBook, period: ResourcePeriod, item: Item, end: datetime, missing: timedelta
) -> Charge:
    """Return the charge of what is missing from the book's minimum, at the end of a run.

    Its time is that of the run's last charge, so that it is on the same day.
    """
    begin = max(period.valid_from, midnight((end - timedelta(microseconds=1)).date()))
    unit = unit_seconds(begin.date(), monthly=item.price.monthly, month=book.month)
    return Charge(
        period,
        item.price,
        begin,
        end,
        Decimal(0),
        whole(item.quantity, unit, missing),
        whole(item.quantity * item.price.price, unit, missing),
    )


def _missing_time(
    book: PriceBook, periods: Sequence[ResourcePeriod], number: int, end: datetime
) -> timedelta:
    """Return how much a run of an instance that ends now lacks of the minimum; else zero."""
    last = periods[number]
    if (
        not book.minimum_seconds
        or last.kind != ResourceKind.INSTANCE
        or last.valid_to != end
        or last.state not in book.charged_states
    ):
        return timedelta()
    following = periods[number + 1] if number + 1 < len(periods) else None
    if (
        following is not None
        and following.valid_from == last.valid_to
        and following.state in book.charged_states
    ):
        return timedelta()
    begin = last.valid_from
    for earlier in reversed(periods[:number]):
        if earlier.valid_to != begin or earlier.state not in book.charged_states:
            break
        begin = earlier.valid_from
    return max(timedelta(), timedelta(seconds=book.minimum_seconds) - (end - begin))

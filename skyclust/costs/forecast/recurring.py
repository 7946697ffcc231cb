"""Charges that follow the calendar: fees, tax and purchases of a day of the month or its end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Final

MONTHS: Final = 3
"""The last months that are looked at."""

AT_LEAST: Final = 2
"""A charge recurs if at least so many of these months have it: one purchase is not a habit."""

LATE_DAYS: Final = 5
"""A charge that is missing for no longer than this may still come."""

DAILY_DAYS: Final = 28
DAILY_SHARE: Final = 0.8
"""A charge is daily if this share of the last days has one."""


def expected_charges(
    charges: Iterable[tuple[date, Decimal]], *, since: date, known_to: date, days: Sequence[date]
) -> dict[date, Decimal]:
    """Return the charges to be expected on days; days without any are left out.

    `since` is the first day of the history, `known_to` (exclusive) the end of what is known.
    Charges of nearly every day continue at their mean. Otherwise a charge is expected on the day of
    the month, or at the end of the month, where at least 2 of the last 3 months had one and it has
    not ceased; its amount is the median of those.
    """
    history: dict[date, Decimal] = defaultdict(Decimal)
    for day, amount in charges:
        if since <= day < known_to:
            history[day] += amount
    if not history:
        return {}
    recent = [history[day] for day in _before(known_to, DAILY_DAYS) if day in history]
    if len(recent) >= DAILY_SHARE * DAILY_DAYS:
        return dict.fromkeys(days, sum(recent, Decimal()) / DAILY_DAYS)
    found = ((day, _expected(history, since, known_to, day)) for day in days)
    return {day: amount for day, amount in found if amount}


def _expected(
    history: Mapping[date, Decimal], since: date, known_to: date, day: date
) -> Decimal | None:
    """Return the charge of one day: by the end of the month if it ends then, else by its number."""
    last = last_of_month(day)
    numbers: list[int | None] = [day.day]
    if day == last:
        # A charge of the 31st comes on the last day of a shorter month.
        numbers = [None, *range(day.day, 32)]
    for number in numbers:
        due = _charged(history, since, known_to, number)
        # What comes at the end of months of 30 days is no charge of the 30th.
        ends = day != last and all(one == last_of_month(one) for one in due)
        if due and not (ends and _charged(history, since, known_to, None)):
            return median([history[one] for one in due])
    return None


def _charged(
    history: Mapping[date, Decimal], since: date, known_to: date, number: int | None
) -> list[date]:
    """Return the days with a charge that recurs on a day of the month; none if it does not."""
    due = [_due(month, number) for month in _months_before(known_to)]
    due = [day for day in due if since <= day < known_to]
    if due and due[0] not in history and (known_to - due[0]).days <= LATE_DAYS:
        due = due[1:]
    charged = [day for day in due[:MONTHS] if day in history]
    return charged if len(charged) >= AT_LEAST and due[0] in history else []


def last_of_month(day: date) -> date:
    """Return the last day of the month of a day."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _months_before(day: date) -> Iterator[date]:
    """Yield the first day of the month of a day, and of the months before it."""
    first = day.replace(day=1)
    for _ in range(MONTHS + 2):
        yield first
        first = (first - timedelta(days=1)).replace(day=1)


def _due(month: date, number: int | None) -> date:
    """Return the day of a month with a number; the last one for None or a month too short."""
    last = last_of_month(month)
    return last if number is None or number > last.day else month.replace(day=number)


def _before(day: date, count: int) -> Iterator[date]:
    return (day - timedelta(days=back) for back in range(1, count + 1))

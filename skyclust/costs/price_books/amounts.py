"""Exact amounts of parts of a month that add up to the amount of the whole.

A quantity for some seconds is a fraction that seldom ends: ten minutes are 0.1666... hours. So a
part is the difference of two rounded running totals, both counted from the begin of the month and
rounded half to even at 12 digits. Whatever the parts of a time at one price are, they add up to
the rounded total of that time; a single part is off by 0.000000000001 at most.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

from skyclust.costs.price_books.book import HOURS_OF_A_MONTH

SCALE: Final = 12
"""Digits behind the point, as everywhere in the ledger (skyclust.store.decimals)."""

_HOUR: Final = 3600
_MICROSECOND: Final = timedelta(microseconds=1)


def month_begin(day: date) -> date:
    """Return the first day of the month that a day is in."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """Return the first day of the next month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def midnight(day: date) -> datetime:
    """Return the begin of a day in UTC."""
    return datetime.combine(day, time(), UTC)


def unit_seconds(day: date, *, monthly: bool, month: Literal["730-hours", "calendar"]) -> int:
    """Return how many seconds one unit lasts that is charged by the hour or by the month."""
    if not monthly:
        return _HOUR
    if month == "calendar":
        return (month_end(day) - month_begin(day)).days * 24 * _HOUR
    return HOURS_OF_A_MONTH * _HOUR


def part(rate: Decimal, unit: int, begin: datetime, end: datetime) -> Decimal:
    """Return `rate` for each `unit` seconds of [begin, end), which is within one month."""
    first = midnight(month_begin(begin.date()))
    return _running(rate, unit, end - first) - _running(rate, unit, begin - first)


def whole(rate: Decimal, unit: int, duration: timedelta) -> Decimal:
    """Return `rate` for each `unit` seconds of a duration, rounded once."""
    return _running(rate, unit, duration)


def _running(rate: Decimal, unit: int, duration: timedelta) -> Decimal:
    seconds = Fraction(duration // _MICROSECOND, 1_000_000)
    return rounded(Fraction(rate) * seconds / unit)


def rounded(amount: Fraction) -> Decimal:
    """Return an amount with 12 digits behind the point, half to even."""
    return Decimal(f"{round(amount * 10**SCALE)}E-{SCALE}")

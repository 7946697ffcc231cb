"""Charges recur by the calendar, and cease when they do."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from skyclust.costs.forecast.recurring import expected_charges

SINCE = date(2025, 6, 1)


def expected(charged: list[date], known_to: date, days: int = 62) -> list[date]:
    found = expected_charges(
        [(day, Decimal(9)) for day in charged],
        since=SINCE,
        known_to=known_to,
        days=[known_to + timedelta(days=n) for n in range(days)],
    )
    assert set(found.values()) <= {Decimal(9)}
    return sorted(found)


@pytest.mark.parametrize(
    ("charged", "due"),
    [
        ([(2025, 11, 30), (2025, 12, 31), (2026, 1, 31)], [(2026, 2, 28), (2026, 3, 31)]),
        ([(2025, 11, 30), (2025, 12, 30), (2026, 1, 30)], [(2026, 2, 28), (2026, 3, 30)]),
        ([(2025, 12, 12), (2026, 1, 12)], [(2026, 2, 12), (2026, 3, 12)]),
        ([(2026, 1, 12)], []),  # once is no habit
        ([(2025, 10, 12), (2025, 11, 12)], []),  # ceased
    ],
)
def test_a_charge_comes_on_its_day(
    charged: list[tuple[int, int, int]], due: list[tuple[int, int, int]]
) -> None:
    days = expected([date(*day) for day in charged], date(2026, 2, 1))
    assert days == [date(*day) for day in due]


def test_the_end_of_short_months_is_not_the_30th() -> None:
    ends = [date(2025, month, day) for month, day in ((8, 31), (9, 30), (10, 31), (11, 30))]
    assert expected(ends, date(2025, 12, 20), 31) == [date(2025, 12, 31)]


def test_a_charge_that_is_late_is_still_expected_next_month() -> None:
    charged = [date(2025, 12, 10), date(2026, 1, 10)]
    assert expected(charged, date(2026, 2, 13), 40) == [date(2026, 3, 10)]
    assert expected(charged, date(2026, 2, 20), 40) == []


def test_a_daily_charge_goes_on_daily() -> None:
    days = [date(2026, 1, 31) - timedelta(days=n) for n in range(28)]
    assert len(expected(days, date(2026, 2, 1), 20)) == 20

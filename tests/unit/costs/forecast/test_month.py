"""The total of a month: what is known, and what is to come, each counted once."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from skyclust.costs.forecast.daily_series import DailySeries
from skyclust.costs.forecast.month import month_total
from tests.unit.costs.forecast.series import daily

TODAY = date(2026, 3, 11)
FEES = [(date(2026, month, 1), Decimal(50)) for month in (1, 2, 3)]
TAX = [(date(2025, 12, 31), Decimal(7)), (date(2026, 1, 31), Decimal(7))]
TAX += [(date(2026, 2, 28), Decimal(7))]


def test_known_days_and_the_rest_are_added() -> None:
    total = month_total(daily([10.0] * 90, today=TODAY, recurring=[*FEES, *TAX]), TODAY)
    assert total.month == date(2026, 3, 1)
    assert total.actual == 10 * 10 + 50
    assert total.expected == 31 * 10 + 50 + 7
    assert total.lower == total.upper == total.expected
    assert total.missing_days == 0


def test_a_day_that_fills_up_counts_once() -> None:
    series = daily(
        [10.0] * 88 + [8.0, 3.0], today=TODAY, provisional_from=TODAY - timedelta(days=2)
    )
    total = month_total(series, TODAY)
    assert total.actual == 8 * 10 + 8 + 3
    assert total.expected == 310


def test_more_than_expected_is_kept() -> None:
    series = daily([10.0] * 89 + [25.0], today=TODAY, provisional_from=TODAY - timedelta(days=1))
    assert month_total(series, TODAY).expected == 310 + 15


def test_todays_charge_is_not_expected_again() -> None:
    fees = [(date(2026, month, 11), Decimal(50)) for month in (1, 2, 3)]
    total = month_total(daily([10.0] * 90, today=TODAY, recurring=fees), TODAY)
    assert total.expected == 310 + 50


def test_missing_days_are_counted_and_cost_nothing_known() -> None:
    costs: list[float | None] = [10.0] * 90
    costs[-4] = costs[-5] = None
    total = month_total(daily(costs, today=TODAY), TODAY)
    assert total.missing_days == 2
    assert total.expected == 290


def test_without_data_only_what_is_known_is_known() -> None:
    total = month_total(DailySeries("new", "EUR", {TODAY: Decimal("1.5")}), TODAY)
    assert total.actual == Decimal("1.5")
    assert (total.expected, total.lower, total.upper) == (None, None, None)
    assert "not enough data" in total.reason


def test_the_last_day_of_a_month_has_little_to_come() -> None:
    last = date(2026, 3, 31)
    total = month_total(daily([10.0, 12.0, 9.0] * 30, today=last), last)
    assert total.lower is not None
    assert total.upper is not None
    assert total.actual <= total.lower <= total.upper
    assert total.upper - total.lower < 10

"""A forecast follows the week, the level and the calendar, and names what it does not know."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from skyclust.costs.forecast.forecast import forecast
from skyclust.errors import InvalidRequest
from tests.unit.costs.forecast.series import TODAY, daily

WEEK = [100.0, 110.0, 105.0, 120.0, 115.0, 20.0, 10.0]
"""Monday to Sunday; series of whole weeks end on the Sunday before TODAY."""


def test_a_week_goes_on_exactly() -> None:
    result = forecast(daily(WEEK * 12), TODAY, 14)
    assert [day.day for day in result.days] == [TODAY + timedelta(days=n) for n in range(14)]
    assert [day.cost for day in result.days] == [Decimal(str(cost)) for cost in WEEK * 2]
    assert all(day.lower == day.cost == day.upper for day in result.days)
    assert result.model == "seasonal naive"
    assert result.backtest_error == 0


@pytest.mark.parametrize("cost", [0.0, 7.25])
def test_a_constant_stays(cost: float) -> None:
    result = forecast(daily([cost] * 60), TODAY, 30)
    assert {day.cost for day in result.days} == {Decimal(str(cost))}


def test_an_ended_service_costs_nothing() -> None:
    result = forecast(daily([*WEEK * 12, 0, 0, 0, 0]), TODAY, 30)
    assert {day.cost for day in result.days} == {Decimal(0)}


@pytest.mark.parametrize("days", [4, 10, 30])
def test_a_new_level_is_taken_up(days: int) -> None:
    result = forecast(daily([100.0] * 80 + [250.0] * days), TODAY, 7)
    assert all(abs(day.cost - 250) < 5 for day in result.days)
    assert "at the level since" in result.reason


def test_one_outlier_changes_little() -> None:
    costs = WEEK * 12
    costs[-10] *= 20
    result = forecast(daily(costs), TODAY, 7)
    for day, cost in zip(result.days, WEEK, strict=True):
        assert abs(float(day.cost) - cost) < 0.05 * cost


def test_a_trend_goes_on() -> None:
    result = forecast(daily([100.0 + n for n in range(120)]), TODAY, 14)
    assert result.days[-1].cost > 225
    assert result.backtest_error is not None
    assert result.naive_error is not None
    assert result.backtest_error < result.naive_error


def test_gaps_are_not_zeros() -> None:
    costs: list[float | None] = list(WEEK * 12)
    for gap in (3, 40, 41, 42, 77, 80):
        costs[gap] = None
    result = forecast(daily(costs), TODAY, 7)
    assert [day.cost for day in result.days] == [Decimal(str(cost)) for cost in WEEK]


def test_days_that_still_fill_up_are_left_out() -> None:
    costs = [100.0] * 58 + [60.0, 5.0]
    result = forecast(daily(costs, provisional_from=TODAY - timedelta(days=2)), TODAY, 5)
    assert [day.day for day in result.unfinished] == [date(2026, 2, 28), date(2026, 3, 1)]
    assert {day.cost for day in (*result.unfinished, *result.days)} == {Decimal(100)}


def test_charges_follow_the_calendar() -> None:
    fees = [(date(2025, month, 1), Decimal(50)) for month in (11, 12)]
    fees += [(date(2026, month, 1), Decimal(54)) for month in (1, 2, 3)]
    tax = [(date(2025, 12, 31), Decimal(19)), (date(2026, 1, 31), Decimal(20))]
    tax += [(date(2026, 2, 28), Decimal(21)), (date(2026, 1, 15), Decimal(999))]  # one purchase
    result = forecast(daily([10.0] * 120, recurring=[*fees, *tax]), TODAY, 45)
    charges = {day.day: day.charges for day in result.days if day.charges}
    assert charges == {date(2026, 3, 31): Decimal(20), date(2026, 4, 1): Decimal(54)}
    assert {day.usage for day in result.days} == {Decimal(10)}


def test_a_monthly_job_is_expected_on_its_day() -> None:
    start = TODAY - timedelta(days=150)
    days = [start + timedelta(days=n) for n in range(150)]
    result = forecast(daily([500.0 if day.day == 20 else 10.0 for day in days]), TODAY, 30)
    assert {day.day: day.cost for day in result.days if day.cost > 11} == {
        date(2026, 3, 20): Decimal(500)
    }


@pytest.mark.parametrize("days", [0, 2])
def test_without_data_there_is_no_forecast(days: int) -> None:
    result = forecast(daily([5.0] * days), TODAY, 30)
    assert (result.days, result.model) == ((), None)
    assert result.reason == f"not enough data: {days} complete days, 3 are needed"


@pytest.mark.parametrize("days", [3, 10, 14])
def test_a_short_series_has_a_wide_band(days: int) -> None:
    result = forecast(daily(([10.0, 12.0, 11.0] * 5)[:days]), TODAY, 30)
    assert "too few for a backtest" in result.reason
    assert result.backtest_error is None
    for day in result.days:
        assert day.upper - day.lower > Decimal("0.9") * day.cost


def test_costs_that_never_were_negative_do_not_become_so() -> None:
    result = forecast(daily([0.0, 0.0, 9.0, 0.0, 1.0] * 20), TODAY, 30)
    assert all(0 <= day.lower <= day.cost <= day.upper for day in result.days)


def test_credits_may_be_negative() -> None:
    result = forecast(daily([-5.0] * 60), TODAY, 3)
    assert {day.cost for day in result.days} == {Decimal(-5)}


@pytest.mark.parametrize("horizon", [0, 401])
def test_a_horizon_has_bounds(horizon: int) -> None:
    with pytest.raises(InvalidRequest, match="compute"):
        forecast(daily([1.0] * 60), TODAY, horizon)

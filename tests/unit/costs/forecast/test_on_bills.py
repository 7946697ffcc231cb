"""What holds on every bill: never worse than the last week in the backtest, exact arithmetic."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from benchmarks.bills import KINDS, Bill, daily_series, generated_bills
from skyclust.costs.forecast.forecast import QUANTUM, forecast
from skyclust.costs.forecast.month import month_total

BILLS = generated_bills(len(KINDS), days=300, start=date(2025, 1, 1), seed=3)
TODAY = date(2025, 10, 12)


@pytest.mark.parametrize("bill", BILLS, ids=lambda bill: bill.kind)
def test_the_backtest_is_never_worse_than_seasonal_naive(bill: Bill) -> None:
    for days in range(0, 10, 3):
        today = TODAY + timedelta(days=days)
        result = forecast(daily_series(bill, today), today, 30)
        assert result.backtest_error is not None
        assert result.naive_error is not None
        assert result.backtest_error <= result.naive_error


@pytest.mark.parametrize("bill", BILLS, ids=lambda bill: bill.kind)
def test_amounts_are_quantised_and_in_order(bill: Bill) -> None:
    series = daily_series(bill, TODAY)
    result = forecast(series, TODAY, 40)
    assert result == forecast(series, TODAY, 40)
    for day in result.days:
        assert day.lower <= day.cost <= day.upper
        assert all(x == x.quantize(QUANTUM) for x in (day.usage, day.charges, day.lower, day.upper))
    total = month_total(series, TODAY)
    assert total.lower is not None
    assert total.expected is not None
    assert total.upper is not None
    assert total.lower <= total.expected <= total.upper

"""Anomalies: what stands out is one event with one id; what is usual is none."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from skyclust.costs.anomalies.anomaly import Anomaly, AnomalyRules, Direction, Severity
from skyclust.costs.anomalies.search import find_anomalies
from skyclust.costs.forecast.daily_series import DailySeries
from tests.unit.costs.forecast.series import TODAY, daily

WEEK = [100.0, 110.0, 105.0, 120.0, 115.0, 20.0, 10.0]


def noisy(days: int = 120, *, level: float = 100.0) -> list[float]:
    random = np.random.default_rng(4)
    return [round(level * x, 2) for x in random.normal(1, 0.05, days)]


def search(series: DailySeries, today: date = TODAY) -> list[Anomaly]:
    return find_anomalies([series], today)


@pytest.mark.parametrize("costs", [[5.0] * 120, [0.0] * 120, WEEK * 17, noisy()])
def test_what_is_usual_is_no_anomaly(costs: list[float]) -> None:
    assert search(daily(costs)) == []


def test_a_spike_is_an_event_with_its_impact() -> None:
    costs = [100.0] * 120
    costs[-10] = 300.0
    [event] = search(daily(costs))
    day = TODAY - timedelta(days=10)
    assert (event.start, event.last_day, event.days) == (day, day, (day,))
    assert event.direction is Direction.INCREASE
    amounts = (event.expected, event.actual, event.impact)
    assert amounts == (Decimal(100), Decimal(300), Decimal(200))
    assert event.severity is Severity.MEDIUM
    assert not event.ongoing


def test_a_drop_is_a_decrease() -> None:
    costs = noisy()
    costs[-5] = 10.0
    [event] = search(daily(costs))
    assert event.direction is Direction.DECREASE
    assert event.impact < -80


def test_an_event_grows_over_a_weekend_and_keeps_its_id() -> None:
    grown = [*(WEEK * 12), *(cost * 3 for cost in WEEK[:5]), 20.0, 10.0, 400.0]
    events = []
    for days in range(len(WEEK) * 12 + 1, len(grown) + 1):
        today = TODAY + timedelta(days=days)
        [event] = search(daily(grown[:days], today=today), today)
        events.append(event)
    assert len({event.id for event in events}) == 1
    assert [len(event.days) for event in events] == [1, 2, 3, 4, 5, 5, 5, 6]
    assert events[-1].ongoing
    assert events[-1].impact > events[0].impact


def test_a_new_level_is_one_event_and_then_usual() -> None:
    [event] = search(daily(noisy(90) + noisy(60, level=200)))
    assert event.level_shift
    assert len(event.days) == AnomalyRules().adopted_days
    assert not event.ongoing
    assert event.severity is Severity.HIGH


def test_a_return_from_a_new_level_is_another_event() -> None:
    events = search(daily(noisy(70) + noisy(30, level=200) + noisy(20)))
    assert sorted(event.direction for event in events) == ["decrease", "increase"]


def test_gaps_and_days_that_fill_up_are_not_judged() -> None:
    costs: list[float | None] = [100.0] * 120
    costs[-20] = costs[-21] = None
    costs[-1], costs[-2] = 3.0, 900.0
    series = daily(costs, provisional_from=TODAY - timedelta(days=2))
    assert search(series) == []


@pytest.mark.parametrize(("cost", "spike"), [(0.1, 0.9), (100.0, 115.0)])
def test_small_amounts_and_shares_are_none(cost: float, spike: float) -> None:
    costs = [cost] * 120
    costs[-5] = spike
    assert search(daily(costs)) == []


def test_a_monthly_job_is_reported_once_at_most() -> None:
    start = TODAY - timedelta(days=200)
    days = [start + timedelta(days=n) for n in range(200)]
    series = daily([500.0 if day.day == 1 else 10.0 for day in days])
    assert search(series) == []
    more = daily([1500.0 if day == date(2026, 2, 1) else x for day, x in _items(series)])
    assert [event.start for event in search(more)] == [date(2026, 2, 1)]


def _items(series: DailySeries) -> list[tuple[date, float]]:
    return [(day, float(value)) for day, value in series.values.items() if value is not None]


def test_a_new_series_is_not_judged() -> None:
    assert search(daily([10.0] * 12 + [500.0])) == []


def test_charges_are_no_usage() -> None:
    assert search(daily(noisy(), recurring=[(TODAY - timedelta(days=5), Decimal(9999))])) == []


def test_old_events_are_left_out_and_large_ones_come_first() -> None:
    costs = [100.0] * 300
    costs[80], costs[-50], costs[-20] = 900.0, 300.0, 500.0
    assert [event.impact for event in search(daily(costs))] == [400, 200]

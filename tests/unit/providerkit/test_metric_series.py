"""Summaries of series by hand, and what is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from skyclust.providerkit.metric_series import HOUR, MetricPoint, percentile, summarize

START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + timedelta(days=14)


def point(
    hour: int, cpu: float | None = 1.0, maximum: float | None = 2.0, **more: float
) -> MetricPoint:
    return MetricPoint(START + timedelta(hours=hour), cpu, maximum, **more)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7.0], 7.0),
        ([float(n) for n in range(1, 21)], 19.0),
        ([float(n) for n in range(1, 41)], 38.0),
    ],
)
def test_a_percentile_is_the_nearest_rank(values: list[float], expected: float) -> None:
    assert percentile(values[::-1], 0.95) == expected


def test_averages_maxima_and_traffic_of_a_window() -> None:
    points = [
        point(1, 1.0, 4.0, memory_average=10.0, memory_maximum=30.0, network_bytes=100.0),
        point(0, 3.0, 9.0, memory_average=20.0, memory_maximum=20.0, network_bytes=50.0),
        point(24, 2.0, 5.0, memory_average=30.0, memory_maximum=35.0, network_bytes=120.0),
    ]
    outside = [point(-1, 99.0, 99.0, network_bytes=1e9), point(14 * 24, 99.0, 99.0)]
    found = summarize("i-1", START, END, [*points, *outside], HOUR)
    assert (found.points, found.step_seconds, found.newest_at) == (
        3,
        HOUR,
        START + timedelta(days=1),
    )
    assert (found.cpu_average, found.cpu_maximum, found.cpu_p95) == (2.0, 9.0, 9.0)
    assert (found.memory_average, found.memory_maximum) == (20.0, 35.0)
    assert (found.network_bytes, found.busiest_day_bytes) == (270, 150)
    assert found.days == 3 / 24


def test_what_some_points_lack_is_unknown_and_not_zero() -> None:
    found = summarize("i-1", START, END, [point(0, network_bytes=5.0), point(1, 1.0, None)], HOUR)
    assert (found.points, found.cpu_average) == (2, 1.0)
    assert (found.cpu_maximum, found.cpu_p95) == (None, None)
    assert (found.network_bytes, found.busiest_day_bytes, found.memory_maximum) == (
        None,
        None,
        None,
    )


def test_points_longer_than_an_hour_have_no_percentile() -> None:
    found = summarize("7", START, END, [point(0), point(12)], 12 * HOUR)
    assert (found.cpu_p95, found.cpu_maximum, found.days) == (None, 2.0, 1.0)


def test_without_points_everything_is_unknown() -> None:
    found = summarize("i-1", START, END, [point(0, None, None)], HOUR)
    assert (found.points, found.newest_at, found.cpu_average, found.days) == (0, None, None, 0)

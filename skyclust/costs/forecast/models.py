"""The models of a daily series: each maps the last weeks before a day to the days from it on.

A model takes an array of shape (origins, weeks, 7), whose last value is the day before each origin,
and the number of days, and returns an array of shape (origins, days). So one call computes a model
for all origins of a backtest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Model = Callable[[Values, int], Values]

WEEKS: Final = 8
"""The weeks that a model looks back: as many as the search for anomalies."""

DAMPING: Final = 0.8
"""How much of a trend is left from one week to the next; damped trends win comparisons of methods
(Gardner and McKenzie, Forecasting trends in time series, 1985)."""


def seasonal_naive(weeks: Values, days: int) -> Values:
    """Repeat the last week."""
    return _repeat(weeks[:, -1, :], days)


def weekday_mean(weeks: Values, days: int) -> Values:
    """Return the mean of each weekday over the last 4 weeks."""
    return _repeat(weeks[:, -4:, :].mean(axis=1), days)


def weekday_median(weeks: Values, days: int) -> Values:
    """Return the median of each weekday over the last 5 weeks."""
    return _repeat(np.median(weeks[:, -5:, :], axis=1), days)


def long_mean(weeks: Values, days: int) -> Values:
    """Return the mean of each weekday over all weeks."""
    return _repeat(weeks.mean(axis=1), days)


def last_day(weeks: Values, days: int) -> Values:
    """Repeat the last day: the best guess for what wanders and has no week."""
    return np.repeat(weeks[:, -1, -1:], days, axis=1)


def last_week_level(weeks: Values, days: int) -> Values:
    """Return the level of the last week with the long pattern of the week."""
    return _repeat(_pattern(weeks) * weeks[:, -1, :].mean(axis=1)[:, None], days)


def last_days_level(weeks: Values, days: int) -> Values:
    """Return a level in which each day back counts half as much, with the pattern of the week."""
    pattern = _pattern(weeks)
    flat = _divided(weeks, pattern)[:, -2:, :].reshape(len(weeks), 14)
    weights = 0.5 ** np.arange(14, 0, -1)
    level = flat @ (weights / weights.sum())
    return _repeat(pattern * level[:, None], days)


def damped_trend(weeks: Values, days: int) -> Values:
    """Return the level of the last weeks with a trend that fades, and the pattern of the week."""
    totals = weeks.mean(axis=2)
    steps = np.arange(WEEKS) - (WEEKS - 1) / 2
    slope = totals @ (steps / (steps @ steps))
    level = totals[:, -2:].mean(axis=1) + slope / 2  # the level of the last week
    ahead = (np.arange(days) + 4) / 7  # weeks from the middle of the last week
    growth = (1 - DAMPING**ahead) / (1 - DAMPING) * DAMPING
    path = level[:, None] + slope[:, None] * growth
    return _repeat(_pattern(weeks), days) * _within(path, totals)


def drift(weeks: Values, days: int) -> Values:
    """Return the level of the last week, moved on by the mean change of a week."""
    totals = weeks.mean(axis=2)
    slope = (totals[:, -2:].mean(axis=1) - totals[:, :2].mean(axis=1)) / (WEEKS - 2)
    ahead = (np.arange(days) + 4) / 7
    path = totals[:, -1:] + slope[:, None] * ahead
    return _repeat(_pattern(weeks), days) * _within(path, totals)


def combination(weeks: Values, days: int) -> Values:
    """Return the mean of three models that fail differently."""
    parts = (weekday_mean, damped_trend, last_week_level)
    return np.asarray(np.mean([part(weeks, days) for part in parts], axis=0))


MODELS: Final[dict[str, Model]] = {
    "seasonal naive": seasonal_naive,
    "weekday mean": weekday_mean,
    "weekday median": weekday_median,
    "long mean": long_mean,
    "last day": last_day,
    "last week's level": last_week_level,
    "last days' level": last_days_level,
    "combination": combination,
    "damped trend": damped_trend,
    "drift": drift,
}
"""The models by name, the simplest first."""


def _repeat(week: Values, days: int) -> Values:
    """Return a week, day after day, for a number of days."""
    return np.tile(week, (1, -(-days // 7)))[:, :days]


def _pattern(weeks: Values) -> Values:
    """Return the factor of each weekday: its mean by that of the week; 1 where all is zero."""
    means = weeks.mean(axis=1)
    return _ratio(means, means.mean(axis=1)[:, None])


def _divided(weeks: Values, pattern: Values) -> Values:
    """Return the weeks without their pattern; a day that costs nothing has the mean of its week."""
    shape = np.broadcast_to(pattern[:, None, :], weeks.shape)
    level = np.broadcast_to(weeks.mean(axis=2)[:, :, None], weeks.shape)
    usable = np.abs(shape) > 0.05
    return np.where(usable, weeks / np.where(usable, shape, 1.0), level)


def _ratio(values: Values, by: Values) -> Values:
    nonzero = np.broadcast_to(np.abs(by) > 1e-9, values.shape)
    return np.where(nonzero, values / np.where(np.abs(by) > 1e-9, by, 1.0), 1.0)


def _within(path: Values, totals: Values) -> Values:
    """Keep a trend between a quarter of the lowest week and twice the highest."""
    lowest, highest = totals.min(axis=1)[:, None], totals.max(axis=1)[:, None]
    spread = highest - lowest
    low = np.where(lowest >= 0, lowest / 4, lowest - spread)
    return np.clip(path, low, highest + spread)

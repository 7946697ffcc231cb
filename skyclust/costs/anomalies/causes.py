"""The likely causes of an anomaly: the parts of a series that explain most of its deviation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from skyclust.costs.anomalies.anomaly import AnomalyRules, Cause
from skyclust.costs.exact import EXACT
from skyclust.costs.forecast.daily_series import DailySeries

Breakdown = Callable[[Mapping[str, str], str], Mapping[str | None, Mapping[date, Decimal | None]]]
"""Returns the daily costs of each value of a dimension, among what some filters leave. A day that
a value has no entry for cost it nothing."""

DIMENSIONS: Final = ("service", "billing_account", "resource")
"""The dimensions that are looked into, one inside the other."""

LEADING_SHARE: Final = 0.5
"""A value that explains this share of a deviation is looked into; else its siblings are named."""

MOST_VALUES: Final = 3
LEAST_SHARE: Final = 0.1

QUANTUM: Final = Decimal("0.000001")


def causes_of(
    series: DailySeries,
    days: Sequence[date],
    impact: Decimal,
    breakdown: Breakdown,
    rules: AnomalyRules,
) -> tuple[Cause, ...]:
    """Return the causes, by dimension: one service, in it one account, in it one resource.

    Where no value explains half of the deviation, the up to three that explain most are named, and
    nothing inside them. A dimension that the series is filtered by is left out.
    """
    filters = dict(series.dimensions)
    causes: list[Cause] = []
    for dimension in DIMENSIONS:
        if dimension in filters or not impact:
            continue
        deviations = {
            value: _deviation(costs, days, rules.window_days)
            for value, costs in breakdown(filters, dimension).items()
        }
        found = sorted(
            (
                Cause(dimension, value, amount, round(float(amount / impact), 4))
                for value, amount in deviations.items()
            ),
            key=lambda cause: (-cause.share, cause.value or ""),
        )
        named = [cause for cause in found if cause.share >= LEAST_SHARE][:MOST_VALUES]
        if not named or named[0].share < LEADING_SHARE or named[0].value is None:
            return (*causes, *named)
        causes.append(named[0])
        filters[dimension] = named[0].value
    return tuple(causes)


def _deviation(costs: Mapping[date, Decimal | None], days: Sequence[date], window: int) -> Decimal:
    """Return by how much one value deviated on the days of an event."""
    usual = _usual_week(costs, days[0], window)
    cost = sum((costs.get(day) or Decimal() for day in days), Decimal())
    expected = Decimal(repr(sum(usual[day.weekday()] for day in days))).quantize(
        QUANTUM, context=EXACT
    )
    return cost - expected


def _usual_week(costs: Mapping[date, Decimal | None], before: date, window: int) -> list[float]:
    """Return the median of each weekday over the window before a day; no entry is no cost."""
    first = before - timedelta(days=window)
    days = [first + timedelta(days=n) for n in range(window)]
    by_weekday: list[list[float]] = [[] for _ in range(7)]
    for day in days:
        cost = costs.get(day, Decimal())
        if cost is not None:
            by_weekday[day.weekday()].append(float(cost))
    return [float(np.median(costs)) if costs else 0.0 for costs in by_weekday]

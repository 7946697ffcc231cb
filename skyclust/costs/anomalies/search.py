"""The search for anomalies in daily series of effective usage cost, with their likely causes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from skyclust.costs.anomalies.anomaly import (
    Anomaly,
    AnomalyRules,
    Severity,
    anomaly_id,
)
from skyclust.costs.anomalies.causes import Breakdown, causes_of
from skyclust.costs.anomalies.events import Event, days_of, events_of
from skyclust.costs.exact import EXACT
from skyclust.costs.forecast.daily_series import DailySeries

QUANTUM: Final = Decimal("0.000001")

REPORTED_DAYS: Final = 92
"""Events that ended longer ago than a quarter are not returned."""

HISTORY_DAYS: Final = 180
"""The history that a caller should give, so that ids do not depend on where it begins."""

HIGH_SHARE: Final = 0.25
MEDIUM_SHARE: Final = 0.05
"""Impact by the expected cost of 30 days, from which on severity is high or medium."""

DEFAULT_RULES: Final = AnomalyRules()


def find_anomalies(
    series: Iterable[DailySeries],
    today: date,
    *,
    rules: AnomalyRules = DEFAULT_RULES,
    breakdown: Breakdown | None = None,
) -> list[Anomaly]:
    """Return the anomalies of the last quarter, the largest impact first.

    The values of the series are effective cost of usage. Today, provisional days and gaps are not
    judged. `breakdown` gives the parts of a series, to name causes; without it there are none. The
    series may have different currencies; then the order is by currency first.
    """
    found = [
        anomaly
        for one in series
        for anomaly in _anomalies(one, today, rules, breakdown)
        if anomaly.last_day >= today - timedelta(days=REPORTED_DAYS)
    ]
    return sorted(found, key=lambda one: (one.currency, -abs(one.impact), one.start, one.name))


def _anomalies(
    series: DailySeries, today: date, rules: AnomalyRules, breakdown: Breakdown | None
) -> Iterable[Anomaly]:
    end = min(today, series.provisional_from or today)
    start, values = days_of(series.values, end)
    for event in events_of(start, values, rules):
        level = float(np.nanmedian(values[max(0, event.days[0] - rules.window_days) :]))
        found = _anomaly(series, start, event, level)
        if breakdown is None:
            yield found
        else:
            causes = causes_of(series, found.days, found.impact, breakdown, rules)
            yield replace(found, causes=causes)


def _anomaly(series: DailySeries, start: date, event: Event, level: float) -> Anomaly:
    days = tuple(start + timedelta(days=index) for index in event.days)
    expected = Decimal(repr(sum(event.expected))).quantize(QUANTUM, context=EXACT)
    actual = sum((series.values[day] or Decimal() for day in days), Decimal())
    impact = actual - expected
    return Anomaly(
        id=anomaly_id(series.name, series.currency, days[0], event.direction),
        name=series.name,
        currency=series.currency,
        start=days[0],
        last_day=days[-1],
        days=days,
        direction=event.direction,
        severity=_severity(float(impact), level),
        expected=expected,
        actual=actual,
        impact=impact,
        z=round(event.z, 2),
        ongoing=event.ongoing,
        level_shift=event.level_shift,
    )


def _severity(impact: float, level: float) -> Severity:
    """Return the severity by the share of an impact in the cost of 30 usual days."""
    month = 30 * abs(level)
    if abs(impact) >= HIGH_SHARE * month:
        return Severity.HIGH
    return Severity.MEDIUM if abs(impact) >= MEDIUM_SHARE * month else Severity.LOW

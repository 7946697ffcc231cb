"""Anomalous days of one series, day by day, joined to events.

Each day is judged by the days before it alone, so that an event that was seen once is seen again,
with the same first day, when the series has grown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt

from skyclust.costs.anomalies.anomaly import AnomalyRules, Direction
from skyclust.costs.anomalies.baseline import Baseline, baseline
from skyclust.costs.forecast.recurring import last_of_month

Values = npt.NDArray[np.float64]

PAUSE_DAYS: Final = 2
"""So many usual days do not end an event: a weekend."""

JOB_DAYS: Final = 2
"""A monthly job moves by so many days, around weekends."""

JOB_GROWTH: Final = 1.5
"""A monthly job that costs more than this times the last one is an anomaly."""


@dataclass
class Event:
    """A run of anomalous days: their indexes and expected costs."""

    direction: Direction
    days: list[int] = field(default_factory=list)
    expected: list[float] = field(default_factory=list)
    z: float = 0.0
    ongoing: bool = True
    level_shift: bool = False


@dataclass
class _State:
    """What is known while the days pass: usable days, earlier jobs, and the level's first day."""

    usable: Values
    level_start: int = 0
    rises: dict[date, float] = field(default_factory=dict)


def events_of(start: date, values: Values, rules: AnomalyRules) -> list[Event]:
    """Return the events of a series of daily costs from `start` on (NaN: no data)."""
    state = _State(values.copy())
    events: list[Event] = []
    pause = 0
    for index in range(len(values)):
        value = float(values[index])
        usual = baseline(state.usable[max(state.level_start, index - rules.window_days) : index])
        if np.isnan(value) or usual is None:
            continue
        current = events[-1] if events and events[-1].ongoing else None
        direction = _standing_out(value, usual, rules)
        day = start + timedelta(days=index)
        if direction is Direction.INCREASE and _is_job(state, day, value - usual.expected):
            direction, state.usable[index] = None, np.nan
        if direction is None or not usual.unheard_of(value):
            pause += 1
            if current and pause > PAUSE_DAYS:
                current.ongoing = False
            continue
        if current is None or current.direction is not direction:
            if current:
                current.ongoing = False
            current = Event(direction)
            events.append(current)
        pause = 0
        _add(current, state, index, value, usual)
        _adopt(current, state, values, rules)
    return events


def _standing_out(value: float, usual: Baseline, rules: AnomalyRules) -> Direction | None:
    """Return the direction of a cost that deviates by all rules; None for a usual one."""
    deviation = value - usual.expected
    floor = max(float(rules.least_amount), rules.least_share * abs(usual.expected))
    if abs(deviation) < floor or abs(usual.z(value)) < rules.least_z:
        return None
    return Direction.INCREASE if deviation > 0 else Direction.DECREASE


def _add(event: Event, state: _State, index: int, value: float, usual: Baseline) -> None:
    event.days.append(index)
    event.expected.append(usual.expected)
    event.z = max(event.z, abs(usual.z(value)))
    state.usable[index] = np.nan


def _adopt(event: Event, state: _State, values: Values, rules: AnomalyRules) -> None:
    """End an event that has lasted: from its first day on, its level is what is usual."""
    first, last = event.days[0], event.days[-1]
    if last - first + 1 < rules.adopted_days or 2 * len(event.days) < last - first + 1:
        return
    event.ongoing, event.level_shift = False, True
    state.level_start = first
    state.usable[first:] = values[first:]


def _is_job(state: _State, day: date, rise: float) -> bool:
    """Return whether a rise is a job that came about a month ago too; remember it for the next."""
    previous = _month_before(day)
    near = [previous + timedelta(days=n) for n in range(-JOB_DAYS, JOB_DAYS + 1)]
    earlier = max((state.rises.get(one, 0.0) for one in near), default=0.0)
    state.rises[day] = rise
    return rise <= JOB_GROWTH * earlier


def _month_before(day: date) -> date:
    """Return the same day of the month before; its last day for the last one."""
    last = day.replace(day=1) - timedelta(days=1)
    if day == last_of_month(day) or day.day > last.day:
        return last
    return last.replace(day=day.day)


def days_of(values: Mapping[date, Decimal | None], end: date) -> tuple[date, Values]:
    """Return the first day with data before `end`, and the costs of all days from it on."""
    known = {day: float(x) for day, x in values.items() if x is not None and day < end}
    if not known:
        return end, np.empty(0)
    first, last = min(known), max(known)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return first, np.array([known.get(day, np.nan) for day in days])

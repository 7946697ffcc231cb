"""What a model is trained on: complete days, without gaps, outliers and levels that are past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt

from skyclust.costs.forecast.daily_series import DailySeries
from skyclust.costs.forecast.level_shift import Shift, last_shift, stop
from skyclust.costs.forecast.recurring import expected_charges

Values = npt.NDArray[np.float64]

LONGEST_DAYS: Final = 182
"""Older days teach nothing about the next month: half a year is 26 weeks."""

OUTLIER: Final = 5.0
"""Robust standard deviations from the median of a weekday's neighbours that make an outlier."""

LASTING_DAYS: Final = 4
"""So many outliers in a row are a new level."""


@dataclass(frozen=True)
class Training:
    """The days of a series that models learn from.

    `start` is the first day. `observed` is what the series holds (NaN: a gap), `values` has gaps
    filled, outliers cut back, and days before the last level shift scaled to the level after it.
    `monthly` are jobs of a day of the month: what they cost above the other days; neither
    `observed` nor `values` contains them.
    """

    start: date
    observed: Values
    values: Values
    shift: date | None
    monthly: Sequence[tuple[date, Decimal]] = ()

    @property
    def end(self) -> date:
        """Return the day after the last one."""
        return self.start + timedelta(days=len(self.values))


def training_of(series: DailySeries, today: date) -> Training | None:
    """Return what can be learned from on a day; None without any complete day with data.

    Today itself, and days that are provisional, are left out: they still fill up.
    """
    start, observed = complete_days(series, today)
    if not len(observed):
        return None
    whole = filled(observed)
    usual, excess, fresh = _without_outliers(whole)
    monthly = _monthly(start, excess)
    for day, amount in monthly:
        index = (day - start).days
        observed[index] -= float(amount)
        usual[index] = whole[index] - float(amount)
    shift = stop(whole) or fresh or last_shift(usual)
    values = usual if shift is None else _scaled(usual, shift)
    begin = None if shift is None else start + timedelta(days=shift.index)
    return Training(start, observed, values, begin, monthly)


def _monthly(start: date, excess: Values) -> list[tuple[date, Decimal]]:
    """Return those outliers that recur on a day of the month, or at its end."""
    outliers = [
        (start + timedelta(days=int(index)), Decimal(repr(float(excess[index]))))
        for index in np.flatnonzero(excess)
    ]
    end = start + timedelta(days=len(excess))
    recurring = expected_charges(
        outliers, since=start, known_to=end, days=[day for day, _ in outliers]
    )
    return [(day, amount) for day, amount in outliers if day in recurring]


def complete_days(series: DailySeries, today: date) -> tuple[date, Values]:
    """Return the first complete day with data, and the cost of each to the last (NaN: a gap)."""
    end = min(today, series.provisional_from or today)
    known = {
        day: float(value)
        for day, value in series.values.items()
        if value is not None and end - timedelta(days=LONGEST_DAYS) <= day < end
    }
    if not known:
        return end, np.empty(0)
    first, last = min(known), max(known)
    days = ((first + timedelta(days=i)) for i in range((last - first).days + 1))
    return first, np.array([known.get(day, np.nan) for day in days])


def filled(observed: Values) -> Values:
    """Return the days with each gap filled from the nearest weeks that know this weekday."""
    if not np.isnan(observed).any():
        return observed.copy()
    filled = observed.copy()
    known = np.flatnonzero(~np.isnan(observed))
    for gap in np.flatnonzero(np.isnan(observed)):
        same = known[(known - gap) % 7 == 0]
        nearest = same if len(same) else known
        closest = nearest[np.argsort(np.abs(nearest - gap), kind="stable")[:2]]
        filled[gap] = observed[closest].mean()
    return filled


def _without_outliers(values: Values) -> tuple[Values, Values, Shift | None]:
    """Return the days with outliers cut back, by how much those exceed, and a shift just begun.

    A day is compared with the median of the same weekday in the two weeks before and after it, as
    far as they are there; where a weekday varies much, nothing is an outlier. Several days in a row
    are a new level and no outliers; at the end of the series they are a shift.
    """
    if len(values) < 21:
        return values, np.zeros(len(values)), None
    middle = _weekday_medians(values)
    distance = values - middle
    scale = 1.4826 * np.median(np.abs(distance)) + 0.25 * np.mean(np.abs(distance)) + 1e-9
    steady = np.median(np.abs(values[7:] - values[:-7]))  # what grows evenly has no outliers
    edge = OUTLIER * max(scale, steady)
    excess = np.where(np.abs(distance) > edge, distance, 0.0)
    runs = np.split(np.arange(len(values)), np.flatnonzero(np.diff(np.sign(excess))) + 1)
    lasting = [run for run in runs if len(run) >= LASTING_DAYS and excess[run[0]] != 0]
    for run in lasting:
        excess[run] = 0.0
    cut = np.where(excess != 0, np.clip(values, middle - edge, middle + edge), values)
    if not lasting or lasting[-1][-1] != len(values) - 1:
        return cut, excess, None
    run = lasting[-1]
    old, new = float(middle[run].mean()), float(values[run].mean())
    return cut, excess, Shift(int(run[0]), new / old) if old > 0 and new >= 0 else None


def _weekday_medians(values: Values) -> Values:
    """Return the median of the 5 nearest days of the same weekday, of each day."""
    padded = -len(values) % 7
    weeks = np.concatenate([np.full(padded, np.nan), values]).reshape(-1, 7)
    if padded:
        weeks[0, :padded] = weeks[1, :padded]
    count = len(weeks)
    width = min(5, count)
    firsts = np.clip(np.arange(count) - width // 2, 0, count - width)
    windows = weeks[firsts[:, None] + np.arange(width)[None, :]]
    return np.asarray(np.median(windows, axis=1).reshape(-1)[padded:])


def _scaled(values: Values, shift: Shift) -> Values:
    """Return the days with those before a level shift at the level after it."""
    scaled = values.copy()
    scaled[: shift.index] *= shift.ratio
    return scaled

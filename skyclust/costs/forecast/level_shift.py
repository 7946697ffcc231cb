"""Level shifts: days from which on a series costs lastingly more or less than before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

SMALLEST_SHARE: Final = 0.2
"""A shift changes the level by at least this share of the larger one."""

NOISE: Final = 4.0
"""A shift is so many robust standard deviations of what a level changes by in a usual week."""

WEEK: Final = 7


@dataclass(frozen=True)
class Shift:
    """A level shift: the first day at the new level, and the new level by the old one."""

    index: int
    ratio: float


def last_shift(values: Values) -> Shift | None:
    """Return the last level shift of a series without gaps; None where there is none.

    Means of whole weeks are compared, so that the pattern of a week is no shift; a shift is seen
    once it lasts a week.
    """
    if len(values) < 2 * WEEK:
        return None
    means = np.convolve(values, np.full(WEEK, 1 / WEEK), mode="valid")
    before, after = means[:-WEEK], means[WEEK:]
    change = after - before
    larger = np.maximum(np.abs(before), np.abs(after))
    noise = 1.4826 * np.median(np.abs(change - np.median(change)))
    clear = (np.abs(change) > SMALLEST_SHARE * larger) & (np.abs(change) > NOISE * noise)
    lasting = clear & _lasts(means, before, after)
    found = np.flatnonzero(lasting)
    if not len(found):
        return None
    run = found[found > found[-1] - WEEK]
    best = int(run[np.argmax(np.abs(change[run]))])
    level = _level(values[best + WEEK :])
    old = _level(values[max(0, best - 3 * WEEK) : best + WEEK])
    return Shift(best + WEEK, level / old if old > 0 and level >= 0 else 1.0)


def stop(values: Values) -> Shift | None:
    """Return the shift to zero of a series that has stopped; None where it has not.

    It has stopped after three days of zero, or after more than twice as many as it ever paused for.
    """
    nonzero = np.flatnonzero(np.abs(values) > 1e-9)
    if not len(nonzero) or nonzero[-1] == len(values) - 1:
        return None
    first = int(nonzero[-1]) + 1
    quiet = len(values) - first
    pause = _longest_zeros(np.abs(values[:first]) > 1e-9)
    return Shift(first, 0.0) if quiet >= max(3, 2 * pause + 1) else None


def _lasts(means: Values, before: Values, after: Values) -> npt.NDArray[np.bool_]:
    """Return for each day whether all weeks after it stay nearer to its new level."""
    middle = (before + after) / 2
    rises = after > before
    lowest = np.minimum.accumulate(means[::-1])[::-1][WEEK:]
    highest = np.maximum.accumulate(means[::-1])[::-1][WEEK:]
    return np.where(rises, lowest > middle, highest < middle)


def _level(values: Values) -> float:
    """Return the mean of the last whole weeks, four at most; of all days if less than a week."""
    whole = min(len(values) // WEEK, 4) * WEEK
    return float(values[-whole:].mean() if whole else values.mean())


def _longest_zeros(nonzero: npt.NDArray[np.bool_]) -> int:
    """Return the most zeros in a row between days that are not zero."""
    positions = np.flatnonzero(nonzero)
    return int(np.diff(positions).max() - 1) if len(positions) > 1 else 0

"""What a day is expected to cost, and how much such days vary: robustly, by weekday."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

WEEK: Final = 7
FEWEST_DAYS: Final = 14
"""With fewer known days before it, no day is judged."""

MAD_TO_SIGMA: Final = 1.4826
"""The standard deviation of normal noise by its median absolute deviation."""

Q90_TO_SIGMA: Final = 1 / 1.645
"""The same by the 90% quantile of its absolute values: it does not vanish for rare costs."""

RECORD: Final = 1.25
"""A day must deviate by so much more than any usual day of the window: noise with a heavy tail
passes every fixed number of deviations."""

SPARSE_RECORD: Final = 2.0
SPARSE_SHARE: Final = 1 / 3
"""The same where more than this share of the days costs nothing: few costs set the record."""


@dataclass(frozen=True)
class Baseline:
    """The expected cost of a day, its robust standard deviation, and the limits of usual ones."""

    expected: float
    sigma: float
    rise_limit: float
    fall_limit: float

    def z(self, value: float) -> float:
        """Return the robust z of a cost; a constant series varies by a thousandth of its cost."""
        return (value - self.expected) / max(self.sigma, abs(self.expected) / 1000, 1e-9)

    def unheard_of(self, value: float) -> bool:
        """Return whether a cost deviates clearly more than every usual day of the window."""
        deviation = value - self.expected
        return deviation > self.rise_limit or -deviation > self.fall_limit


def baseline(usable: Values) -> Baseline | None:
    """Return the baseline of the day after a window; None where too little is known.

    `usable` are the days of the window, the oldest first; NaN for days that are gaps or anomalous.
    """
    known = int((~np.isnan(usable)).sum())
    if known < FEWEST_DAYS:
        return None
    # The day to judge has the weekday of the first column.
    weeks = np.concatenate([np.full(-len(usable) % WEEK, np.nan), usable]).reshape(-1, WEEK)
    medians = _medians(weeks)
    medians = np.where(np.isnan(medians), _medians(usable[:, None])[0], medians)
    residuals = weeks - medians
    flat = residuals[~np.isnan(residuals)]
    sizes = np.sort(np.abs(flat))
    mad = MAD_TO_SIGMA * float(sizes[len(sizes) // 2])
    tail = Q90_TO_SIGMA * float(sizes[int(0.9 * len(sizes))])
    # Medians of few days follow them: residuals are too small by this much.
    count = max(2.0, known / WEEK)
    correction = float(np.sqrt((count + 1.57) / (count - 1)))
    sigma = correction * max(mad, tail)
    zeros = float(np.mean(usable[~np.isnan(usable)] == 0))
    record = SPARSE_RECORD if zeros > SPARSE_SHARE else RECORD
    highest, lowest = float(flat.max()), float(flat.min())
    return Baseline(float(medians[0]), sigma, record * highest, -record * lowest)


def _medians(columns: Values) -> Values:
    """Return the median of each column without NaN; NaN for a column of nothing else."""
    ordered = np.sort(columns, axis=0)  # NaN last
    counts = (~np.isnan(columns)).sum(axis=0)
    low, high = np.maximum((counts - 1) // 2, 0), counts // 2
    index = np.arange(columns.shape[1])
    high = np.minimum(high, columns.shape[0] - 1)
    return np.asarray(np.where(counts, (ordered[low, index] + ordered[high, index]) / 2, np.nan))

"""Bands around a forecast, from how the model erred in the backtest of the same series.

The bands are conformal in kind: quantiles of absolute residuals by days ahead, pooled with those of
neighbouring days, where residuals of a backtest stand for those to come (Vovk, Gammerman and
Shafer, Algorithmic learning in a random world, 2005). Neighbouring days err together, so the
quantiles of few origins are too small: `_factor` makes up for it. Its numbers were chosen on
generated bills that no figure is reported on.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

COVERAGE: Final = 0.8
FEW_ORIGINS: Final = 1.5
"""How much wider bands of few origins are: by this share over the number of origins."""

FEWEST: Final = 8
"""Residuals that a quantile is taken of; with fewer, more days are pooled."""


def band_widths(residuals: Values) -> Values:
    """Return half the width of the band of each day ahead, from residuals (origins, days)."""
    days = residuals.shape[1]
    widths = np.full(days, np.nan)
    sizes = np.abs(residuals)
    for edge in _edges(days):
        low, high = max(0, edge - 1 - edge // 3), min(days, edge + 1 + edge // 3)
        pool = sizes[:, low:high]
        pool = pool[~np.isnan(pool)]
        if len(pool) >= FEWEST:
            widths[edge] = _quantile(pool)
    return _completed(widths, sizes) * _factor(residuals)


def total_width(residuals: Values, days: int) -> float:
    """Return half the width of the band of the total of the first days ahead.

    Origins that do not know all of these days count with the mean of those that they know, if they
    know at least half of them; else those that know the most.
    """
    ahead = residuals[:, :days]
    known = ~np.isnan(ahead)
    counts = known.sum(axis=1)
    enough = counts >= max(1, min(days / 2, np.sort(counts)[-min(4, len(counts))]))
    means = np.where(known, ahead, 0).sum(axis=1)[enough] / counts[enough]
    return float(_quantile(np.abs(means)) * days * _factor(residuals))


def _factor(residuals: Values) -> float:
    """Return by how much quantiles of so few origins are too small."""
    origins = int((~np.isnan(residuals)).any(axis=1).sum())
    return 1 + FEW_ORIGINS / origins


def _quantile(sizes: Values) -> float:
    """Return the conformal quantile of absolute residuals."""
    level = min(1.0, COVERAGE * (1 + 1 / len(sizes)))
    return float(np.quantile(sizes, level))


def _edges(days: int) -> list[int]:
    """Return the days ahead at which quantiles are taken: each of a week, then each third."""
    return [day for day in range(days) if day < 7 or day % 3 == 0]


def _completed(widths: Values, sizes: Values) -> Values:
    """Return the widths of all days; behind the last known one they grow with the root of time."""
    known = np.flatnonzero(~np.isnan(widths))
    if not len(known):
        pool = sizes[~np.isnan(sizes)]
        widths[0], known = float(np.max(pool)), np.array([0])
    days = np.arange(len(widths))
    complete = np.interp(days, known, widths[known])
    last = int(known[-1])
    complete[last + 1 :] *= np.sqrt((days[last + 1 :] + 1) / (last + 1))
    return np.maximum.accumulate(complete)

"""The backtest of a series: the forecasts of each model on earlier days, and their errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from skyclust.costs.forecast.models import MODELS, WEEKS

Values = npt.NDArray[np.float64]

ORIGINS: Final = 24
SPACING: Final = 5
"""Days from one origin of the backtest to the next: not a whole week, so that weekdays change."""

SHORTEST_DAYS: Final = 14
"""The fewest days before an origin: one week to learn from shows nothing of its noise."""

NAIVE: Final = "seasonal naive"

TOTAL_WEIGHT: Final = 0.5
"""How much the error of a total counts beside that of single days: budgets look at totals."""

NEAR: Final = 0.25
MOST: Final = 5
"""Models whose score is within a quarter of the best are averaged, five at most: which of them is
best on so few days is chance, and their mean errs less."""


@dataclass(frozen=True)
class Backtest:
    """How the mean of the chosen models did on earlier days.

    `residuals` are signed, of shape (origins, days); NaN: not known. `error` is the mean absolute
    error of a day, `naive_error` that of the seasonal naive model.
    """

    models: tuple[str, ...]
    residuals: Values
    error: float
    naive_error: float


def backtest(values: Values, observed: Values, days: int) -> Backtest | None:
    """Return the best models by a rolling origin; None where the series is too short for one.

    `values` is what models learn from, `observed` what they are measured on (NaN: not at all). The
    error of a day is never larger than that of the seasonal naive model.
    """
    origins = _origins(len(values))
    if not len(origins):
        return None
    actual = _ahead(observed, origins, days)
    if np.isnan(actual).all():
        return None
    weeks = weeks_before(values, origins)
    residuals = {name: actual - model(weeks, days) for name, model in MODELS.items()}
    errors = {name: float(np.nanmean(np.abs(error))) for name, error in residuals.items()}
    scores = {name: errors[name] + TOTAL_WEIGHT * _bias(residuals[name]) for name in residuals}
    chosen = _chosen(errors, scores)
    mean = np.mean([residuals[name] for name in chosen], axis=0)
    return Backtest(chosen, mean, float(np.nanmean(np.abs(mean))), errors[NAIVE])


def _chosen(errors: dict[str, float], scores: dict[str, float]) -> tuple[str, ...]:
    """Return the models to be averaged, the best first; the simpler of two that do alike.

    None errs more than the seasonal naive model, so their mean does not either.
    """
    eligible = [name for name in MODELS if errors[name] <= errors[NAIVE]]
    best = min(scores[name] for name in eligible)
    if best == 0:
        return (next(name for name in eligible if scores[name] == 0),)
    near = [name for name in eligible if scores[name] <= best * (1 + NEAR)]
    return tuple(sorted(near, key=lambda name: scores[name])[:MOST])


def predicted(models: Sequence[str], values: Values, days: int) -> Values:
    """Return the forecast of the mean of some models for the days after a series."""
    weeks = weeks_before(values, np.array([len(values)]))
    return np.asarray(np.mean([MODELS[name](weeks, days)[0] for name in models], axis=0))


def weeks_before(values: Values, origins: npt.NDArray[np.int_]) -> Values:
    """Return the weeks before each origin; a series that is shorter repeats its first week."""
    needed = WEEKS * 7
    first = values[:7] if len(values) >= 7 else np.resize(values, 7)
    missing = max(0, needed - int(origins.min()))
    # The padding ends before the first day, in step with its weekdays.
    head = np.tile(first, -(-missing // 7)) if missing else np.empty(0)
    padded = np.concatenate([head, values])
    index = origins[:, None] + len(head) + np.arange(-needed, 0)[None, :]
    return np.asarray(padded[index].reshape(len(origins), WEEKS, 7))


def _origins(length: int) -> npt.NDArray[np.int_]:
    """Return the days from which on the backtest predicts, each with days left to compare."""
    latest = length - SPACING
    return np.arange(latest, SHORTEST_DAYS - 1, -SPACING)[:ORIGINS]


def _ahead(observed: Values, origins: npt.NDArray[np.int_], days: int) -> Values:
    """Return what came after each origin; NaN behind the end of the series."""
    padded = np.concatenate([observed, np.full(days, np.nan)])
    return np.asarray(padded[origins[:, None] + np.arange(days)[None, :]])


def _bias(residuals: Values) -> float:
    """Return the mean over origins of how far the mean of the days was off."""
    known = ~np.isnan(residuals)
    counts = known.sum(axis=1)
    sums = np.where(known, residuals, 0).sum(axis=1)
    return float(np.mean(np.abs(sums[counts > 0] / counts[counts > 0])))

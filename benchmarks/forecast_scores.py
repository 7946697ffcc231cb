"""Scores of forecasts: ours, seasonal naive and damped Holt-Winters on the same days.

Errors are those of usage, which all three are given alike. They are measured by MASE: the mean
absolute error by the mean absolute change from one week to the next in the history (Hyndman and
Koehler, Another look at measures of forecast accuracy, 2006), and by WAPE: the sum of absolute
errors by the sum of costs, of each series as a multiple of its mean. Both are pooled over all
series, days and horizons. Coverage is that of the cost of a day by its band.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
from statsmodels.tsa.api import ExponentialSmoothing

from benchmarks.bills import KINDS, Bill, daily_series
from skyclust.costs.forecast.daily_series import DailySeries
from skyclust.costs.forecast.forecast import forecast
from skyclust.costs.forecast.month import month_total
from skyclust.costs.forecast.recurring import last_of_month
from skyclust.costs.forecast.training import complete_days, filled

Values = npt.NDArray[np.float64]

HORIZON: Final = 30
MONTH_DAYS: Final = (5, 10, 20)
METHODS: Final = ("skyclust", "seasonal_naive", "damped_holt_winters")


@dataclass
class Score:
    """What forecasts of one series erred by, summed over all days that were today.

    `scaled` and `shares` are sums of absolute errors by method: by the usual change of a week, and
    as multiples of the mean cost; `days` were compared, and `cost` is their sum as such a multiple.
    `bands` is how many days with data were predicted, `covered` how many lay in their band;
    `months` holds the errors of the month's total, as shares of it, by day of the month.
    """

    name: str
    kind: str
    scaled: dict[str, float] = field(default_factory=lambda: dict.fromkeys(METHODS, 0.0))
    shares: dict[str, float] = field(default_factory=lambda: dict.fromkeys(METHODS, 0.0))
    days: int = 0
    cost: float = 0.0
    covered: int = 0
    bands: int = 0
    seconds: list[float] = field(default_factory=list)
    months: dict[int, list[float]] = field(default_factory=dict)
    month_covered: int = 0


def score(
    bill: Bill, todays: Iterable[date], *, first: date | None = None, rival: bool = True
) -> Score:
    """Return the score of one bill; without a rival, Holt-Winters is not fitted (it is slow)."""
    result = Score(bill.name, bill.kind)
    for today in todays:
        series = daily_series(bill, today, first=first)
        began = time.perf_counter()
        ours = forecast(series, today, HORIZON)
        result.seconds.append(time.perf_counter() - began)
        if ours.model is None:
            continue
        start, history = complete_days(series, today)
        index = (today - bill.start).days
        actual = bill.usage[index : index + HORIZON]
        lead = (today - start).days - len(history)
        weeks = filled(history)
        naive = repeated_week(weeks, lead + HORIZON)[lead:]
        guesses = {
            "skyclust": np.array([float(day.usage) for day in ours.days]),
            "seasonal_naive": naive,
        }
        if rival:
            guesses["damped_holt_winters"] = holt_winters(weeks, lead + HORIZON)[lead:]
        _add(result, guesses, actual, history)
        if today.day in MONTH_DAYS and bill.kind in KINDS:  # gaps of public series are no days
            _add_month(result, bill, series, today)
        charges = dict(bill.charges)
        for day, value in zip(ours.days, actual.tolist(), strict=True):
            if np.isnan(value):
                continue
            cost = value + charges.get(day.day, 0.0)
            slack = 1e-5  # amounts are rounded to 6 digits
            result.bands += 1
            result.covered += float(day.lower) - slack <= cost <= float(day.upper) + slack
    return result


def _add(result: Score, guesses: dict[str, Values], actual: Values, history: Values) -> None:
    """Add the errors of one today to a score; days without data are not compared."""
    known = ~np.isnan(actual)
    level = float(np.nanmean(np.abs(history)))
    if level == 0 or not known.any():
        return
    changes = np.abs(history[7:] - history[:-7])
    usual = float(np.nanmean(changes)) if (~np.isnan(changes)).any() else 0.0
    usual = max(usual, 0.01 * level)  # a constant series would have no scale
    result.days += int(known.sum())
    result.cost += float(np.abs(actual[known]).sum()) / level
    for method, guess in guesses.items():
        error = float(np.abs(actual[known] - guess[known]).sum())
        result.scaled[method] += error / usual
        result.shares[method] += error / level


def repeated_week(history: Values, days: int) -> Values:
    """Return the last week, again and again: the seasonal naive forecast."""
    return np.resize(history[-7:], days)


def holt_winters(history: Values, days: int) -> Values:
    """Return the forecast of statsmodels' additive damped Holt-Winters; naive if too short."""
    if len(history) < 21:
        return repeated_week(history, days)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that does not converge is still a forecast
        model = ExponentialSmoothing(
            history,
            trend="add",
            damped_trend=True,
            seasonal="add",
            seasonal_periods=7,
            initialization_method="heuristic" if len(history) >= 28 else "estimated",
        )
        guess = np.asarray(model.fit().forecast(days))
    return np.where(np.isfinite(guess), guess, history[-1])


def pooled(scores: Sequence[Score]) -> dict[str, object]:
    """Return the figures of all scores together."""
    methods = [m for m in METHODS if any(one.scaled[m] for one in scores)]
    days = sum(one.days for one in scores)
    cost = sum(one.cost for one in scores)
    low, high = coverage_bounds(scores)
    seconds = np.array([second for one in scores for second in one.seconds])
    return {
        "series": len(scores),
        "forecasts": len(seconds),
        "mase": {m: round(sum(s.scaled[m] for s in scores) / days, 3) for m in methods},
        "wape": {m: round(sum(s.shares[m] for s in scores) / cost, 4) for m in methods},
        "coverage": round(_coverage(scores), 3),
        "coverage_90_percent_bounds": [round(low, 3), round(high, 3)],
        "month_total_error": {day: _month_errors(scores, day) for day in MONTH_DAYS},
        "month_total_coverage": round(
            sum(one.month_covered for one in scores)
            / max(1, sum(len(found) for one in scores for found in one.months.values())),
            3,
        ),
        "milliseconds": {
            "median": round(1000 * float(np.median(seconds)), 2),
            "p95": round(1000 * float(np.quantile(seconds, 0.95)), 2),
        },
    }


def coverage_bounds(scores: Sequence[Score], *, repeats: int = 1000) -> tuple[float, float]:
    """Return the 5% and 95% quantiles of the coverage over resampled sets of series."""
    random = np.random.default_rng(7)
    covered = np.array([one.covered for one in scores])
    bands = np.array([one.bands for one in scores])
    drawn = random.integers(0, len(scores), (repeats, len(scores)))
    shares = covered[drawn].sum(axis=1) / bands[drawn].sum(axis=1)
    return float(np.quantile(shares, 0.05)), float(np.quantile(shares, 0.95))


def _month_errors(scores: Sequence[Score], day: int) -> dict[str, float]:
    """Return the median and the 90% quantile of the errors of the total, seen on a day of it."""
    errors = [error for one in scores for error in one.months.get(day, ())]
    if not errors:
        return {}
    return {
        "median": round(float(np.median(errors)), 4),
        "p90": round(float(np.quantile(errors, 0.9)), 4),
    }


def _coverage(scores: Sequence[Score]) -> float:
    return sum(one.covered for one in scores) / sum(one.bands for one in scores)


def _add_month(result: Score, bill: Bill, series: DailySeries, today: date) -> None:
    """Add by how much the total of the month was off, as a share of what it came to."""
    month = month_total(series, today)
    first = today.replace(day=1)
    days = (last_of_month(today) - first).days + 1
    index = (first - bill.start).days
    usage = bill.usage[index : index + days]
    charges = sum(x for day, x in bill.charges if first <= day <= last_of_month(today))
    total = float(np.nansum(usage)) + charges
    if month.expected is None or month.lower is None or month.upper is None or total <= 0:
        return
    result.months.setdefault(today.day, []).append(abs(float(month.expected) - total) / total)
    result.month_covered += float(month.lower) - 0.01 <= total <= float(month.upper) + 0.01


def todays(month: date, *, step: int = 1) -> list[date]:
    """Return each day of a month, or every so many."""
    length = last_of_month(month).day
    return [month + timedelta(days=n) for n in range(0, length, step)]

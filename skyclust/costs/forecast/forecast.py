"""The forecast of a daily series: usage by the model that did best, charges by the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt

from skyclust.costs.exact import EXACT
from skyclust.costs.forecast.backtest import SHORTEST_DAYS, Backtest, backtest, predicted
from skyclust.costs.forecast.bands import band_widths, total_width
from skyclust.costs.forecast.daily_series import DailySeries
from skyclust.costs.forecast.recurring import expected_charges
from skyclust.costs.forecast.training import Training, training_of
from skyclust.errors import InvalidRequest

Values = npt.NDArray[np.float64]

QUANTUM: Final = Decimal("0.000001")
"""Forecasts have 6 digits behind the point; actual costs have 12."""

FEWEST_DAYS: Final = 3
"""With fewer complete days there is no forecast."""

LONGEST_HORIZON: Final = 400

SHORT_SHARE: Final = 0.5
"""The band of a series that is too short for a backtest is at least this share of its level."""


@dataclass(frozen=True)
class ForecastDay:
    """A day of a forecast: the expected cost of usage and of charges, and the band of their sum."""

    day: date
    usage: Decimal
    charges: Decimal
    lower: Decimal
    upper: Decimal

    @property
    def cost(self) -> Decimal:
        """Return the expected cost of the day: usage and charges."""
        return self.usage + self.charges


@dataclass(frozen=True)
class Forecast:
    """The forecast of a series, with 80% bands.

    `unfinished` are the days before today that are provisional or not known yet, `days` those from
    today on. `model` names the models whose mean it is, joined by " + "; it is None, and there are
    no days, where there is not enough data: `reason` is why, and otherwise why they were chosen.
    `backtest_error` is the mean absolute error of a day in the backtest, `naive_error` that of the
    seasonal naive model; None without a backtest. `total_margin` is half the width of the band of
    the sum of all these days.
    """

    name: str
    currency: str
    days: Sequence[ForecastDay]
    unfinished: Sequence[ForecastDay]
    model: str | None
    reason: str
    backtest_error: Decimal | None
    naive_error: Decimal | None
    total_margin: Decimal | None


@dataclass(frozen=True)
class _Usage:
    """The expected usage of the days after the training, half the width of their bands."""

    models: tuple[str, ...]
    values: Values
    widths: Values
    total_width: float
    reason: str
    tested: Backtest | None = None


def forecast(series: DailySeries, today: date, horizon_days: int) -> Forecast:
    """Return the forecast of a series for a number of days from today on.

    Raises InvalidRequest for a horizon below 1 or above 400 days.
    """
    if not 1 <= horizon_days <= LONGEST_HORIZON:
        raise InvalidRequest(
            f"A forecast of {series.name} over {horizon_days} days was requested.",
            hint=f"The horizon is 1 to {LONGEST_HORIZON} days.",
        )
    training = training_of(series, today)
    known = 0 if training is None else int((~np.isnan(training.observed)).sum())
    if training is None or known < FEWEST_DAYS:
        reason = f"not enough data: {known} complete days, {FEWEST_DAYS} are needed"
        return Forecast(series.name, series.currency, (), (), None, reason, None, None, None)
    length = (today - training.end).days + horizon_days
    days = [training.end + timedelta(days=ahead) for ahead in range(length)]
    usage = _usage(training, known, length)
    return _forecast(series, today, training, days, usage)


def _forecast(
    series: DailySeries, today: date, training: Training, days: Sequence[date], usage: _Usage
) -> Forecast:
    """Return usage and charges of the days as one forecast."""
    nonnegative = float(training.observed[~np.isnan(training.observed)].min()) >= 0
    monthly = expected_charges(
        training.monthly, since=training.start, known_to=training.end, days=days
    )
    since = min([training.start, *(day for day, _ in series.recurring)])
    coming = [day for day in days if day >= today]
    charges = expected_charges(series.recurring, since=since, known_to=today, days=coming)
    for day, amount in series.recurring:
        if training.end <= day < today:
            charges[day] = charges.get(day, Decimal()) + amount
    floor = 0.0 if nonnegative else -np.inf
    bounds = [
        [_decimal(x) for x in np.maximum(usage.values + sign * usage.widths, floor).tolist()]
        for sign in (0, -1, 1)
    ]
    result = [
        _day(day, monthly.get(day, Decimal()), charges.get(day, Decimal()), three)
        for day, *three in zip(days, *bounds, strict=True)
    ]
    first = (today - training.end).days
    return Forecast(
        series.name,
        series.currency,
        tuple(result[first:]),
        tuple(result[:first]),
        " + ".join(usage.models),
        usage.reason,
        _decimal(usage.tested.error) if usage.tested else None,
        _decimal(usage.tested.naive_error) if usage.tested else None,
        _decimal(usage.total_width),
    )


def _day(day: date, job: Decimal, charge: Decimal, bounds: Sequence[Decimal]) -> ForecastDay:
    """Return a day: jobs and charges of the calendar move the band as a whole.

    `bounds` are the expected usage without jobs, and the lower and upper end of its band.
    """
    usage, lower, upper = bounds
    moved = job + charge
    amounts = (usage + job, charge, lower + moved, upper + moved)
    return ForecastDay(day, *(amount.quantize(QUANTUM, context=EXACT) for amount in amounts))


def _usage(training: Training, known: int, length: int) -> _Usage:
    """Return the usage of the days after the training by the best model."""
    tested = backtest(training.values, training.observed, length)
    if tested is None:
        return _short_usage(training, known, length)
    named = " and ".join(tested.models)
    reason = (
        f"smallest error in the backtest: {named}, {tested.error:.6g} a day; "
        f"seasonal naive {tested.naive_error:.6g}"
    )
    if training.shift is not None:
        reason += f"; at the level since {training.shift}"
    return _Usage(
        tested.models,
        predicted(tested.models, training.values, length),
        band_widths(tested.residuals),
        total_width(tested.residuals, length),
        reason,
        tested,
    )


def _short_usage(training: Training, known: int, length: int) -> _Usage:
    """Return the usage for a series that no backtest is possible for, in a wide band."""
    values = training.values
    model = "seasonal naive" if len(values) >= SHORTEST_DAYS else "mean"
    if model == "mean":
        expected = np.full(length, values.mean())
    else:
        expected = predicted((model,), values, length)
    spread = max(2 * float(values.std()), SHORT_SHARE * abs(float(values.mean())))
    reason = f"only {known} complete days: too few for a backtest, so the band is wide"
    return _Usage((model,), expected, np.full(length, spread), spread * length, reason)


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(QUANTUM, context=EXACT)

"""Generated bills: daily series of costs of the kinds that real accounts have.

Every series follows from its seed. Amounts are floats in a currency; `daily_series` makes of a bill
what was known of it on one day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt

from skyclust.costs.forecast.daily_series import DailySeries

Values = npt.NDArray[np.float64]

FILLED: Final = (0.25, 0.7)
"""How much of today's cost, and of yesterday's, a source has today."""


@dataclass(frozen=True)
class Bill:
    """A generated bill: usage of each day from `start` on (NaN: no data), and dated charges."""

    name: str
    kind: str
    start: date
    usage: Values
    charges: Sequence[tuple[date, float]] = field(default=())

    def day(self, index: int) -> date:
        """Return the date of a day of the series."""
        return self.start + timedelta(days=index)


def daily_series(bill: Bill, today: date, *, first: date | None = None) -> DailySeries:
    """Return what is known of a bill on a day: today and yesterday are incomplete."""
    values: dict[date, Decimal | None] = {}
    for index, value in enumerate(bill.usage.tolist()):
        day = bill.day(index)
        if day > today or (first is not None and day < first):
            continue
        age = (today - day).days
        share = FILLED[age] if age < len(FILLED) else 1.0
        values[day] = None if np.isnan(value) else Decimal(str(round(value * share, 6)))
    charges = [(day, Decimal(str(round(x, 6)))) for day, x in bill.charges if day <= today]
    return DailySeries(
        bill.name, "USD", values, today - timedelta(days=len(FILLED) - 1), tuple(charges)
    )


def generated_bills(count: int, *, days: int, start: date, seed: int) -> list[Bill]:
    """Return bills of every kind in turn."""
    kinds = list(KINDS)
    return [
        _bill(kinds[number % len(kinds)], number, days=days, start=start, seed=seed)
        for number in range(count)
    ]


def _bill(kind: str, number: int, *, days: int, start: date, seed: int) -> Bill:
    random = np.random.default_rng([seed, number])
    level = float(10 ** random.uniform(0.5, 4))
    weekday = np.array([(start + timedelta(days=i)).weekday() for i in range(days)])
    usage = level * KINDS[kind](random, weekday)
    if random.random() < 0.15:  # a source that missed a few days
        usage[random.choice(days, size=max(1, days // 60), replace=False)] = np.nan
    share = 1.0 if kind == "monthly batch" else 0.5
    charges = _charges(random, level, share, start=start, days=days)
    if kind == "monthly batch":  # usage, not a charge
        for day, amount in charges:
            usage[(day - start).days] += amount
        charges = []
    return Bill(f"{kind}-{seed}-{number}", kind, start, usage, charges)


def _charges(
    random: np.random.Generator, level: float, share: float, *, start: date, days: int
) -> list[tuple[date, float]]:
    """Return fees of the first of the month, and tax of its last day, in a share of the bills."""
    if random.random() >= share:
        return []
    fee, tax = level * random.uniform(0.5, 6), level * random.uniform(1, 5)
    charges = []
    for index in range(days):
        day = start + timedelta(days=index)
        if day.day == 1:
            charges.append((day, float(fee)))
        if (day + timedelta(days=1)).day == 1:
            charges.append((day, float(tax * random.normal(1, 0.05))))
    return charges


def _week(random: np.random.Generator, weekday: npt.NDArray[np.int_], depth: float) -> Values:
    """Return a pattern of the week: quieter at weekends, each day a little different."""
    factors = random.normal(1, 0.06, 7)
    factors[5:] *= 1 - depth
    return np.asarray(factors[weekday], dtype=np.float64)


def _noise(random: np.random.Generator, days: int, sigma: float, memory: float = 0.4) -> Values:
    """Return noise around 1 that is correlated from day to day, and stronger in some weeks."""
    steps = random.normal(0, sigma, days)
    quiet = np.repeat(random.uniform(0.5, 1.6, days // 7 + 1), 7)[:days]
    noise = np.zeros(days)
    for index in range(1, days):
        noise[index] = memory * noise[index - 1] + steps[index] * quiet[index]
    return np.asarray(np.exp(noise))


def _office(random: np.random.Generator, weekday: npt.NDArray[np.int_]) -> Values:
    return _week(random, weekday, random.uniform(0.3, 0.9)) * _noise(random, len(weekday), 0.05)


def _steady(random: np.random.Generator, weekday: npt.NDArray[np.int_]) -> Values:
    return _week(random, weekday, 0.02) * _noise(random, len(weekday), 0.02)


def _constant(random: np.random.Generator, weekday: npt.NDArray[np.int_]) -> Values:
    usage = np.ones(len(weekday))
    usage[random.integers(30, len(weekday)) :] *= random.uniform(1.05, 2)  # one more volume
    return usage


def _trend(random: np.random.Generator, weekday: npt.NDArray[np.int_]) -> Values:
    days = len(weekday)
    line = 1 + np.arange(days) / days * random.uniform(-0.6, 1.5)
    return line * _week(random, weekday, random.uniform(0, 0.5)) * _noise(random, days, 0.05)


def _growth(random: np.random.Generator, weekday: npt.NDArray[np.int_]) -> Values:
    days = len(weekday)
    curve: Values = np.exp(np.arange(days) * random.uniform(0.001, 0.006))
    return curve * _week(random, weekday, random.uniform(0, 0.4)) * _noise(random, days, 0.06)


def _steps(random: np.random.Generator, weekday: npt.NDArray[np.int_]) -> Values:
    usage = _week(random, weekday, random.uniform(0, 0.4)) * _noise(random, len(weekday), 0.04)
    for _ in range(int(random.integers(1, 5))):
        usage[random.integers(10, len(weekday)) :] *= random.choice([0.4, 0.6, 1.5, 2.2])
    return usage


def _spikes(random: np.random.Generator, weekday: npt.NDArray[np.int_]) -> Values:
    usage = _office(random, weekday)
    hit = random.random(len(weekday)) < 0.02
    usage[hit] *= random.uniform(2, 6, int(hit.sum()))
    return usage


def _intermittent(random: np.random.Generator, weekday: npt.NDArray[np.int_]) -> Values:
    active = random.random(len(weekday)) < random.uniform(0.15, 0.6)
    return np.asarray(active * random.gamma(2.0, 0.5, len(weekday)), dtype=np.float64)


def _autoscaled(random: np.random.Generator, weekday: npt.NDArray[np.int_]) -> Values:
    return _week(random, weekday, 0.3) * _noise(random, len(weekday), 0.2, memory=0.6)


def _wandering(random: np.random.Generator, weekday: npt.NDArray[np.int_]) -> Values:
    walk = np.exp(np.cumsum(random.normal(0, 0.02, len(weekday))))
    return walk * _week(random, weekday, random.uniform(0, 0.3)) * _noise(random, len(walk), 0.03)


def _batch(random: np.random.Generator, weekday: npt.NDArray[np.int_]) -> Values:
    jobs = np.where(weekday == random.integers(0, 7), random.uniform(2, 8), 0)
    return (1 + jobs) * _noise(random, len(weekday), 0.05)


def _new(random: np.random.Generator, weekday: npt.NDArray[np.int_]) -> Values:
    usage = _office(random, weekday)
    usage[: random.integers(len(weekday) // 2, len(weekday) - 70)] = np.nan
    return usage


def _ended(random: np.random.Generator, weekday: npt.NDArray[np.int_]) -> Values:
    usage = _office(random, weekday)
    usage[random.integers(len(weekday) // 2, len(weekday) - 20) :] = 0
    return usage


KINDS: Final[dict[str, Callable[[np.random.Generator, npt.NDArray[np.int_]], Values]]] = {
    "office hours": _office,
    "steady": _steady,
    "constant": _constant,
    "trend": _trend,
    "growth": _growth,
    "steps": _steps,
    "spikes": _spikes,
    "intermittent": _intermittent,
    "autoscaled": _autoscaled,
    "wandering": _wandering,
    "weekly batch": _batch,
    "monthly batch": _office,
    "new": _new,
    "ended": _ended,
}
"""The kinds of bills, as multiples of a level that is drawn for each."""

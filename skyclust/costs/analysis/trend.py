"""Trend: the costs of each day or month of a range, and where they are not known."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

import pandas as pd

from skyclust.costs.analysis.frames import records, sum_by
from skyclust.model.cost_metric import CostMetric


class Grain(StrEnum):
    """The steps of a trend."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True)
class TrendPoint:
    """The cost of one day or month in one currency.

    `amount` is None where no delivery covers the step: that is a gap, and not zero. `provisional`
    means that the amount may still change; a gap has none.
    """

    start: date
    currency: str
    amount: Decimal | None
    provisional: bool = False


def trend(
    frame: pd.DataFrame,
    start: date,
    end: date,
    grain: Grain,
    *,
    metric: CostMetric = CostMetric.EFFECTIVE,
    covered: Collection[date] = (),
    provisional: Collection[date] = (),
) -> list[TrendPoint]:
    """Return a point for each step of [start, end) and currency, in order of time.

    The frame has the dimension `day` or `month`, as the grain. `covered` holds the days that some
    delivery is complete for, `provisional` those that may change. A step without charges is zero
    when all of its days in the range are covered, else it is a gap.
    """
    summed = sum_by(frame, [grain.value])
    known = {(row[grain.value], row["currency"]): row[metric.value] for row in records(summed)}
    currencies = sorted({currency for _, currency in known})
    days_covered, days_open = frozenset(covered), frozenset(provisional)
    points = []
    for step, days in steps(start, end, grain):
        complete = days_covered.issuperset(days)
        for currency in currencies:
            amount = known.get((step, currency), Decimal(0) if complete else None)
            changing = amount is not None and not days_open.isdisjoint(days)
            points.append(TrendPoint(step, currency, amount, provisional=changing))
    return points


def steps(start: date, end: date, grain: Grain) -> Iterator[tuple[date, list[date]]]:
    """Yield each day or month of [start, end) with those of its days that are in the range."""
    days: dict[date, list[date]] = {}
    for number in range((end - start).days):
        day = start + timedelta(days=number)
        days.setdefault(day if grain is Grain.DAY else day.replace(day=1), []).append(day)
    yield from days.items()

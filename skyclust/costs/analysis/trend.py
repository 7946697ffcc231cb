"""Trend: the costs of each day or month of a range, and where they are not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

import pandas as pd

from skyclust.costs.analysis.frames import records, sum_by
from skyclust.costs.ledger.currency_days import CurrencyDays
from skyclust.model.cost_metric import CostMetric


class Grain(StrEnum):
    """The steps of a trend."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True)
class TrendPoint:
    """The cost of one day or month in one currency.

    `known` is false where an account that bills in the currency has not delivered the whole step.
    Then `amount` is only what the others delivered, and None where that is nothing: a gap is not
    zero. `provisional` means that the provider may still change it; None: that is not known.
    """

    start: date
    currency: str
    amount: Decimal | None
    known: bool = True
    provisional: bool | None = False

    @property
    def is_partial(self) -> bool:
        """Return whether the amount lacks charges of some account."""
        return self.amount is not None and not self.known

    @property
    def whole_amount(self) -> Decimal | None:
        """Return the amount of all accounts; None where one is missing."""
        return self.amount if self.known else None


def trend(
    frame: pd.DataFrame,
    start: date,
    end: date,
    grain: Grain,
    *,
    metric: CostMetric = CostMetric.EFFECTIVE,
    days: Mapping[str, CurrencyDays],
) -> list[TrendPoint]:
    """Return a point for each step of [start, end) and currency, in order of time.

    The frame has the dimension `day` or `month`, as the grain. `days` are those that the accounts
    of each currency have delivered, and those that may change. A step is known when all of its days
    in the range are delivered; without charges it is zero then, else a gap.
    """
    summed = sum_by(frame, [grain.value])
    charged = {(row[grain.value], row["currency"]): row[metric.value] for row in records(summed)}
    currencies = sorted({currency for _, currency in charged})
    return [
        _point(
            step,
            within,
            currency,
            charged.get((step, currency)),
            days.get(currency, CurrencyDays()),
            has_rows=(step, currency) in charged,
        )
        for step, within in steps(start, end, grain)
        for currency in currencies
    ]


def _point(  # a step of a currency, its cost, and its days
    step: date,
    within: Sequence[date],
    currency: str,
    charged: Decimal | None,
    days: CurrencyDays,
    *,
    has_rows: bool,
) -> TrendPoint:
    delivered = days.delivered.issuperset(within)
    amount = charged if has_rows or not delivered else Decimal(0)
    known = delivered and amount is not None
    may_change = not days.provisional.isdisjoint(within)
    provisional = may_change if known or (may_change and amount is not None) else None
    return TrendPoint(step, currency, amount, known, provisional)


def steps(start: date, end: date, grain: Grain) -> Iterator[tuple[date, list[date]]]:
    """Yield each day or month of [start, end) with those of its days that are in the range."""
    days: dict[date, list[date]] = {}
    for number in range((end - start).days):
        day = start + timedelta(days=number)
        days.setdefault(day if grain is Grain.DAY else day.replace(day=1), []).append(day)
    yield from days.items()

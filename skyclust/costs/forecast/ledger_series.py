"""Daily series of the sums of the ledger, as forecasts and searches for anomalies need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import pandas as pd

from skyclust.costs.analysis.frames import records, sum_by
from skyclust.costs.forecast.daily_series import DailySeries
from skyclust.costs.ledger.known_days import KnownDays
from skyclust.model.cost_metric import CostMetric

HISTORY_DAYS: Final = 182
"""The history of a forecast (training.LONGEST_DAYS), and of a search for anomalies."""

USAGE: Final = "Usage"
"""The charge category of FOCUS that goes on day by day; all others follow the calendar."""

ALL: Final = "all costs"
NO_VALUE: Final = "(none)"


@dataclass
class _Costs:
    usage: dict[date, Decimal] = field(default_factory=dict)
    charges: dict[date, Decimal] = field(default_factory=dict)


def daily_series(
    frame: pd.DataFrame,
    days: KnownDays,
    end: date,
    by: Sequence[str] = (),
    *,
    metric: CostMetric = CostMetric.EFFECTIVE,
) -> list[DailySeries]:
    """Return a series for each value of the dimensions and each currency, by currency and name.

    The frame has the dimensions `day`, `charge_category` and those of `by`. A known day without
    charges is zero from the first day of the range on that is known; a day that is not known in
    full has no value, unless it is one of the last, which still fill up. `end` is exclusive.
    """
    keys = [*by, "currency"]
    groups: dict[tuple[str | None, ...], _Costs] = {}
    for row in records(sum_by(frame, ["day", "charge_category", *by])):
        amount = row[metric.value]
        if amount is None or row["day"] >= end:
            continue
        group = groups.setdefault(tuple(row[name] for name in keys), _Costs())
        usual = row["charge_category"] in {USAGE, None}
        costs = group.usage if usual else group.charges
        costs[row["day"]] = costs.get(row["day"], Decimal(0)) + amount
    known = sorted(day for day in days.known if day < end)
    return [
        _series(dict(zip(by, key, strict=False)), str(key[-1]), costs, known, days.filling_from)
        for key, costs in sorted(groups.items(), key=lambda item: (item[0][-1], str(item[0])))
    ]


def _series(
    dimensions: Mapping[str, str | None],
    currency: str,
    costs: _Costs,
    known: Sequence[date],
    filling_from: date | None,
) -> DailySeries:
    values: dict[date, Decimal | None] = {day: costs.usage.get(day, Decimal(0)) for day in known}
    if filling_from is not None:
        values |= {day: cost for day, cost in costs.usage.items() if day >= filling_from}
    return DailySeries(
        name=" / ".join(value or NO_VALUE for value in dimensions.values()) or ALL,
        currency=currency,
        values=dict(sorted(values.items())),
        provisional_from=filling_from,
        recurring=tuple(sorted(costs.charges.items())),
        dimensions={name: value for name, value in dimensions.items() if value is not None},
    )


def history_start(today: date) -> date:
    """Return the first day of the history that a forecast looks at."""
    return today - timedelta(days=HISTORY_DAYS)

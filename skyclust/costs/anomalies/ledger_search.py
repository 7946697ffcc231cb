"""Anomalies of the costs in the ledger, by a dimension, with their likely causes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias

from skyclust.costs.analysis.frames import records, sum_by
from skyclust.costs.anomalies.anomaly import Anomaly, AnomalyRules
from skyclust.costs.anomalies.causes import causes_of
from skyclust.costs.anomalies.search import DEFAULT_RULES, HISTORY_DAYS, find_anomalies
from skyclust.costs.forecast.daily_series import DailySeries
from skyclust.costs.forecast.ledger_series import USAGE, daily_series
from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.known_days import KnownDays
from skyclust.model.cost_metric import CostMetric

Query: TypeAlias = Callable[[CostQuery], Any]
"""Answers a question about the costs of a workspace with a cost frame."""

MOST_EXPLAINED: Final = 10
"""Anomalies whose causes are looked for: to find a resource is to read slices."""


def search_start(end: date) -> date:
    """Return the first day that a search up to a day (exclusive) looks at."""
    return end - timedelta(days=HISTORY_DAYS)


def anomalies_by(
    query: Query,
    frame: Any,
    days: KnownDays,
    start: date,
    end: date,
    *,
    dimension: str,
    rules: AnomalyRules = DEFAULT_RULES,
) -> list[Anomaly]:
    """Return the anomalies whose last day is in [start, end), the largest impact first.

    The frame has the days from `search_start` on by `day`, `charge_category` and the dimension.
    Causes are looked for on the first ten of each currency.
    """
    series = {
        (one.name, one.currency): one
        for one in daily_series(frame, days, end, [dimension], metric=CostMetric.EFFECTIVE)
    }
    found = [
        one
        for one in find_anomalies(series.values(), end, rules=rules)
        if start <= one.last_day < end
    ]
    explained: dict[str, int] = {}
    result = []
    for one in found:
        explained[one.currency] = explained.get(one.currency, 0) + 1
        if explained[one.currency] <= MOST_EXPLAINED:
            of = series[one.name, one.currency]
            causes = causes_of(of, one.days, one.impact, _Parts(query, of, one, rules), rules)
            result.append(replace(one, causes=causes))
        else:
            result.append(one)
    return result


class _Parts:
    """The parts of a series around an anomaly, as the ledger has them."""

    def __init__(
        self, query: Query, series: DailySeries, anomaly: Anomaly, rules: AnomalyRules
    ) -> None:
        self._query = query
        self._series = series
        self._start = anomaly.start - timedelta(days=rules.window_days)
        self._end = anomaly.last_day + timedelta(days=1)

    def __call__(
        self, filters: Mapping[str, str], dimension: str
    ) -> Mapping[str | None, Mapping[date, Decimal | None]]:
        where: dict[str, tuple[str | date | None, ...]] = {
            name: (value,) for name, value in filters.items()
        }
        frame = self._query(
            CostQuery(
                self._start,
                self._end,
                by=("day", dimension),
                where={**where, "charge_category": (USAGE,)},
            )
        )
        gaps = {
            self._start + timedelta(days=number): None
            for number in range((self._end - self._start).days)
            if self._start + timedelta(days=number) not in self._series.values
        }
        parts: dict[str | None, dict[date, Decimal | None]] = {}
        for row in records(sum_by(frame, ["day", dimension])):
            if row["currency"] == self._series.currency:
                costs = parts.setdefault(row[dimension], dict(gaps))
                costs[row["day"]] = row["effective_cost"]
        return parts

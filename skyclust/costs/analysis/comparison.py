"""Comparison of two ranges of days: what grew, what shrank, what is new and what ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd

from skyclust.costs.analysis.frames import records, share, sort_key, sum_by
from skyclust.model.cost_metric import CostMetric


@dataclass(frozen=True)
class ComparedCost:
    """One group of costs in two ranges. An amount is None where the range has no such group.

    `change` is after less before, `percent` is it in percent of before; None where before is zero
    or absent.
    """

    values: tuple[str | None, ...]
    currency: str
    before: Decimal | None
    after: Decimal | None
    change: Decimal
    percent: Decimal | None


def compare(
    before: pd.DataFrame,
    after: pd.DataFrame,
    by: Sequence[str],
    *,
    metric: CostMetric = CostMetric.EFFECTIVE,
) -> list[ComparedCost]:
    """Return each group of both frames, by currency and then by falling size of the change.

    Raises InvalidRequest for a dimension that a frame does not have.
    """
    old, new = _amounts(before, by, metric), _amounts(after, by, metric)
    rows = [_compared(key, old.get(key), new.get(key)) for key in {*old, *new}]
    return sorted(
        rows, key=lambda row: (row.currency, -abs(row.change), [*map(sort_key, row.values)])
    )


def range_before(start: date, end: date) -> tuple[date, date]:
    """Return the range that [start, end) is compared with by default.

    Whole months are compared with as many months before them, whatever their length; any other
    range with as many days before it.
    """
    if start.day == 1 and end.day == 1:
        months = (end.year - start.year) * 12 + end.month - start.month
        first = start.year * 12 + start.month - 1 - months
        return date(first // 12, first % 12 + 1, 1), start
    return start - timedelta(days=(end - start).days), start


def _amounts(
    frame: pd.DataFrame, by: Sequence[str], metric: CostMetric
) -> dict[tuple[tuple[str | None, ...], str], Decimal]:
    return {
        (tuple(row[name] for name in by), row["currency"]): row[metric.value]
        for row in records(sum_by(frame, by))
        if row[metric.value] is not None
    }


def _compared(
    key: tuple[tuple[str | None, ...], str], before: Decimal | None, after: Decimal | None
) -> ComparedCost:
    values, currency = key
    change = (after or Decimal(0)) - (before or Decimal(0))
    percent = None if before is None else share(change, abs(before))
    return ComparedCost(values, currency, before, after, change, percent)

"""Breakdown: costs by one or two dimensions, the largest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from skyclust.costs.analysis.frames import AMOUNTS, Record, add_known, records, share, sum_by
from skyclust.model.cost_metric import CostMetric


@dataclass(frozen=True)
class BreakdownRow:
    """One group of costs: its values of the dimensions, its amounts, its share of the currency.

    `others` is the number of groups that a row stands for; 0 for a row of one group. `share` is in
    percent of the metric's total in this currency; None where that total is zero.
    """

    values: tuple[str | None, ...]
    currency: str
    amount: Decimal
    share: Decimal | None
    billed_cost: Decimal
    effective_cost: Decimal
    list_cost: Decimal | None
    savings: Decimal | None
    rows: int
    others: int = 0


def break_down(
    frame: pd.DataFrame,
    by: Sequence[str],
    *,
    metric: CostMetric = CostMetric.EFFECTIVE,
    most: int | None = None,
) -> list[BreakdownRow]:
    """Return the costs by dimensions, by currency and then by falling amount of the metric.

    With `most`, the smaller groups of a currency are one row at its end, so that the rows still
    add up to the total. A group whose metric is not known is left out of a breakdown by list or
    contracted cost. Raises InvalidRequest for a dimension that the frame does not have.
    """
    by_currency: dict[str, list[Record]] = {}
    for one in records(sum_by(frame, by)):
        if one[metric.value] is not None:
            by_currency.setdefault(one["currency"], []).append(one)
    rows: list[BreakdownRow] = []
    for currency, groups in sorted(by_currency.items()):
        total = add_known(one[metric.value] for one in groups) or Decimal(0)
        groups.sort(key=lambda one: one[metric.value], reverse=True)
        shown = groups if most is None else groups[:most]
        rest = groups[len(shown) :]
        rows += [
            _row(currency, tuple(one[name] for name in by), one, metric, total) for one in shown
        ]
        if rest:
            nothing = (None,) * len(by)
            rows.append(_row(currency, nothing, _sum(rest), metric, total, others=len(rest)))
    return rows


def _sum(groups: Sequence[Record]) -> Record:
    return {name: add_known(one[name] for one in groups) for name in AMOUNTS} | {
        "rows": sum(one["rows"] for one in groups)
    }


def _row(
    currency: str,
    values: tuple[str | None, ...],
    one: Record,
    metric: CostMetric,
    total: Decimal,
    *,
    others: int = 0,
) -> BreakdownRow:
    return BreakdownRow(
        values=values,
        currency=currency,
        amount=one[metric.value],
        share=share(one[metric.value], total),
        billed_cost=one["billed_cost"],
        effective_cost=one["effective_cost"],
        list_cost=one["list_cost"],
        savings=one["savings"],
        rows=one["rows"],
        others=others,
    )

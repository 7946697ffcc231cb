"""Unit cost: what one instance, or one unit of a business measure, costs a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from skyclust.costs.analysis.currency import SCALE
from skyclust.costs.analysis.frames import records, sort_key, sum_by
from skyclust.costs.exact import EXACT
from skyclust.model.cost_metric import CostMetric


@dataclass(frozen=True)
class UnitCost:
    """The cost of one unit of a group in one currency.

    `cost` is None where the number of units is zero or not known: a cost without units is not
    cheap, it is not attributable.
    """

    value: str | None
    currency: str
    amount: Decimal
    units: Decimal | None
    cost: Decimal | None


def unit_costs(
    frame: pd.DataFrame,
    by: str,
    units: Mapping[str | None, Decimal],
    *,
    metric: CostMetric = CostMetric.EFFECTIVE,
) -> list[UnitCost]:
    """Return the cost of one unit for each value of a dimension, by currency and value.

    `units` has the number of units of each value, such as instance-days or orders. Raises
    InvalidRequest for a dimension that the frame does not have.
    """
    rows = []
    for row in records(sum_by(frame, [by])):
        amount = row[metric.value] or Decimal(0)
        number = units.get(row[by])
        cost = (amount / number).quantize(SCALE, context=EXACT) if number else None
        rows.append(UnitCost(row[by], row["currency"], amount, number, cost))
    return sorted(rows, key=lambda one: (one.currency, sort_key(one.value)))


def units_by_resource(frame: pd.DataFrame, by: str) -> dict[str | None, Decimal]:
    """Return the number of different resources for each value of a dimension.

    The frame has the dimension `resource`; charges without a resource count none.
    """
    resources: dict[str | None, set[str]] = {}
    for row in records(frame):
        if row["resource"] is not None:
            resources.setdefault(row[by], set()).add(row["resource"])
    return {value: Decimal(len(names)) for value, names in resources.items()}

"""Allocation coverage: how much of the cost has the tags by which a workspace allocates it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from skyclust.costs.analysis.frames import share
from skyclust.model.cost_metric import CostMetric


@dataclass(frozen=True)
class AllocationCoverage:
    """The cost with and without a tag in one currency; `share` is the allocated part in percent.

    `tag` is None for the row about all tags together: allocated is what has every one of them.
    """

    tag: str | None
    currency: str
    allocated: Decimal
    unallocated: Decimal
    share: Decimal | None


def allocation_coverage(
    frame: pd.DataFrame, tags: Sequence[str], *, metric: CostMetric = CostMetric.EFFECTIVE
) -> list[AllocationCoverage]:
    """Return the coverage of each tag and of all together, by currency.

    The frame has a dimension `tag:KEY` for each tag. An empty value is no value.
    """
    rows: list[AllocationCoverage] = []
    for currency, group in frame.groupby("currency", sort=True):
        costs = [value if value is not None else Decimal(0) for value in group[metric.value]]
        tagged = {tag: [bool(value) for value in group[f"tag:{tag}"]] for tag in tags}
        every = [all(flags) for flags in zip(*tagged.values(), strict=True)] if tags else []
        for tag, flags in [*tagged.items(), *([(None, every)] if len(tags) > 1 else [])]:
            has = sum((c for c, flag in zip(costs, flags, strict=True) if flag), Decimal(0))
            whole = sum(costs, Decimal(0))
            rows.append(AllocationCoverage(tag, str(currency), has, whole - has, share(has, whole)))
    return rows

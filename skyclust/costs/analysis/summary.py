"""The summary of costs in a range of days: what was charged, credited and taxed, by currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import pandas as pd

from skyclust.costs.analysis.frames import add_known, sum_by

CREDIT: Final = "Credit"
TAX: Final = "Tax"


@dataclass(frozen=True)
class CostSummary:
    """The costs in one currency.

    `gross` is the billed cost of everything but credits, `credits` that of credits (zero or less),
    and `net` their sum, so that a bill which credits offset to zero shows as offset. `tax` is the
    part of `gross` that is tax. `savings` is list less effective cost of the charges that know
    both; None when none does.
    """

    currency: str
    gross: Decimal
    credits: Decimal
    net: Decimal
    tax: Decimal
    effective_cost: Decimal
    list_cost: Decimal | None
    savings: Decimal | None
    rows: int


def summarize(frame: pd.DataFrame) -> list[CostSummary]:
    """Return a summary for each currency; the frame has the dimension `charge_category`.

    FOCUS 1.2, ChargeCategory: credits are rows of their own with a negative cost.
    """
    by_category = sum_by(frame, ["charge_category"])
    return [
        _summary(str(currency), rows)
        for currency, rows in by_category.groupby("currency", sort=True)
    ]


def _summary(currency: str, rows: pd.DataFrame) -> CostSummary:
    of_credits = rows["charge_category"] == CREDIT
    return CostSummary(
        currency=currency,
        gross=_known(rows[~of_credits], "billed_cost"),
        credits=_known(rows[of_credits], "billed_cost"),
        net=_known(rows, "billed_cost"),
        tax=_known(rows[rows["charge_category"] == TAX], "billed_cost"),
        effective_cost=_known(rows, "effective_cost"),
        list_cost=add_known(rows["list_cost"]),
        savings=add_known(rows["savings"]),
        rows=int(sum(rows["rows"])),
    )


def _known(rows: pd.DataFrame, amount: str) -> Decimal:
    return add_known(rows[amount]) or Decimal(0)

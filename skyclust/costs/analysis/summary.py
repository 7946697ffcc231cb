"""The summary of costs in a range of days: what was charged, credited and taxed, by currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import pandas as pd

from skyclust.costs.analysis.frames import add_known, records, sum_by

CREDIT: Final = "Credit"
TAX: Final = "Tax"


@dataclass(frozen=True)
class CostSummary:
    """The costs in one currency.

    `gross` is the billed cost of everything but credits, `credits` that of credits (zero or less),
    and `net` their sum, so that a bill which credits offset to zero shows as offset. `tax` is the
    part of `gross` that is tax. `savings` is list less effective cost of the charges that know
    both; None when none does. `list_cost_lacks` are the providers none of whose charges has a list
    cost, beside others that have: without them it may be less than the effective cost.
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
    list_cost_lacks: tuple[str, ...] = ()

    @property
    def remark(self) -> str:
        """Return in a sentence what the list cost is without; empty where it lacks no provider."""
        if not self.list_cost_lacks:
            return ""
        return (
            f"The list cost in {self.currency} lacks {', '.join(self.list_cost_lacks)}, of which no"
            " list prices are known: it may be less than the effective cost."
        )


def summarize(frame: pd.DataFrame) -> list[CostSummary]:
    """Return a summary for each currency; the frame has the dimension `charge_category`.

    With the dimension `provider` too, a summary names the providers that its list cost lacks.

    FOCUS 1.2, ChargeCategory: credits are rows of their own with a negative cost.
    """
    by_category = sum_by(frame, ["charge_category"])
    lacks = _providers_without_list_cost(frame) if "provider" in frame.columns else {}
    return [
        _summary(str(currency), rows, lacks.get(str(currency), ()))
        for currency, rows in by_category.groupby("currency", sort=True)
    ]


def _providers_without_list_cost(frame: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    lacks: dict[str, list[str]] = {}
    for row in records(sum_by(frame, ["provider"])):
        if row["list_cost"] is None and row["provider"] is not None:
            lacks.setdefault(row["currency"], []).append(row["provider"])
    return {currency: tuple(providers) for currency, providers in lacks.items()}


def _summary(currency: str, rows: pd.DataFrame, lacks: tuple[str, ...]) -> CostSummary:
    of_credits = rows["charge_category"] == CREDIT
    list_cost = add_known(rows["list_cost"])
    return CostSummary(
        currency=currency,
        gross=_known(rows[~of_credits], "billed_cost"),
        credits=_known(rows[of_credits], "billed_cost"),
        net=_known(rows, "billed_cost"),
        tax=_known(rows[rows["charge_category"] == TAX], "billed_cost"),
        effective_cost=_known(rows, "effective_cost"),
        list_cost=list_cost,
        savings=add_known(rows["savings"]),
        rows=int(sum(rows["rows"])),
        list_cost_lacks=lacks if list_cost is not None else (),
    )


def _known(rows: pd.DataFrame, amount: str) -> Decimal:
    return add_known(rows[amount]) or Decimal(0)

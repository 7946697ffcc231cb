"""The assessment of a budget in a month: pure arithmetic on the cost so far and its forecast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from skyclust.costs.exact import EXACT
from skyclust.model.budget import Budget, Threshold, ThresholdKind


@dataclass(frozen=True)
class MonthCost:
    """What a budget's costs are in a month.

    `actual` is the cost so far in the budget's currency; None where no delivery covers any day of
    the month, and where all of its costs are in currencies without a rate. `forecast` is that of
    the whole month; None without one, and `forecast_reason` is why. `not_counted` are amounts in
    other currencies, for which no rate is known. `silent` are the billing accounts of which no day
    of the month was delivered, although some should have been.
    """

    month: date
    actual: Decimal | None
    forecast: Decimal | None
    forecast_reason: str = ""
    not_counted: Mapping[str, Decimal] | None = None
    silent: tuple[str, ...] = ()


@dataclass(frozen=True)
class BudgetStatus:
    """A budget in a month: what is used of it in percent, and the thresholds that are reached."""

    budget: Budget
    cost: MonthCost
    used_percent: Decimal | None
    forecast_percent: Decimal | None
    reached: tuple[Threshold, ...]

    @property
    def complete(self) -> bool:
        """Return whether all of the month's known costs were counted."""
        return self.cost.actual is not None and not (self.cost.not_counted or self.cost.silent)


def assess(budget: Budget, cost: MonthCost) -> BudgetStatus:
    """Return the status of a budget; a cost that is not known reaches no threshold."""
    amounts = {ThresholdKind.ACTUAL: cost.actual, ThresholdKind.FORECAST: cost.forecast}
    reached = tuple(
        threshold
        for threshold in budget.thresholds
        if (amount := amounts[threshold.kind]) is not None
        and amount * 100 >= budget.amount * threshold.percent
    )
    return BudgetStatus(
        budget=budget,
        cost=cost,
        used_percent=_percent(cost.actual, budget.amount),
        forecast_percent=_percent(cost.forecast, budget.amount),
        reached=reached,
    )


def _percent(amount: Decimal | None, whole: Decimal) -> Decimal | None:
    return (
        None if amount is None else (amount / whole * 100).quantize(Decimal("0.1"), context=EXACT)
    )

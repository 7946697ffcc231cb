"""A budget: an amount a month for some part of the costs, and the thresholds that alert."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from skyclust.model.cost_metric import CostMetric
from skyclust.model.workspace import Slug

LARGEST_PERCENT: Final = Decimal(1000)
PERCENT_DIGITS: Final = 2

Currency = Annotated[
    str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code, for example EUR.")
]


class ThresholdKind(StrEnum):
    """What a threshold is compared with: the cost so far, or the forecast of the whole month."""

    ACTUAL = "actual"
    FORECAST = "forecast"


class Threshold(BaseModel):
    """A share of a budget, in percent, at which it alerts once a month."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ThresholdKind = ThresholdKind.ACTUAL
    percent: Decimal = Field(gt=0, le=LARGEST_PERCENT, decimal_places=PERCENT_DIGITS)

    def __str__(self) -> str:
        return f"{self.percent.normalize():f} % {self.kind}"


class Budget(BaseModel):
    """An amount a calendar month (UTC) for the costs that match every filter.

    `filters` has the accepted values by dimension (`provider`, `service`, `tag:team`, ...); without
    filters the budget is of the whole workspace.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Slug
    amount: Decimal = Field(gt=0)
    currency: Currency
    metric: CostMetric = CostMetric.EFFECTIVE
    filters: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    thresholds: tuple[Threshold, ...] = (
        Threshold(percent=Decimal(80)),
        Threshold(percent=Decimal(100)),
        Threshold(kind=ThresholdKind.FORECAST, percent=Decimal(100)),
    )

    @field_validator("thresholds")
    @classmethod
    def _each_threshold_once(cls, thresholds: tuple[Threshold, ...]) -> tuple[Threshold, ...]:
        if not thresholds:
            raise ValueError("a budget needs a threshold")
        if len(set(thresholds)) < len(thresholds):
            raise ValueError("two thresholds are the same")
        return thresholds


class BudgetAlert(BaseModel):
    """A threshold of a budget that a month reached: at which amount, and when it was noticed."""

    model_config = ConfigDict(frozen=True)

    budget: str
    month: date
    threshold: Threshold
    amount: Decimal
    budget_amount: Decimal
    currency: str
    fired_at: AwareDatetime
    run_id: str | None = None

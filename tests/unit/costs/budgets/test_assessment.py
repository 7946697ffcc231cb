"""A budget reaches its thresholds at exactly their share, and not by costs that are not known."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from skyclust.costs.budgets.assessment import MonthCost, assess
from skyclust.model.budget import Budget, Threshold, ThresholdKind

MONTH = date(2026, 5, 1)
BUDGET = Budget(name="web", amount=Decimal(200), currency="EUR")


@pytest.mark.parametrize(
    ("actual", "forecast", "reached"),
    [
        ("159.999999999999", None, []),
        ("160", None, ["80 % actual"]),
        ("200", "200", ["80 % actual", "100 % actual", "100 % forecast"]),
        ("10", "200.01", ["100 % forecast"]),
        (None, None, []),
        ("-5", "-9", []),
    ],
)
def test_thresholds(actual: str | None, forecast: str | None, reached: list[str]) -> None:
    cost = MonthCost(
        MONTH,
        None if actual is None else Decimal(actual),
        None if forecast is None else Decimal(forecast),
    )
    assert [str(one) for one in assess(BUDGET, cost).reached] == reached


def test_costs_of_another_currency_make_the_status_incomplete() -> None:
    cost = MonthCost(MONTH, Decimal(50), None, not_counted={"USD": Decimal(9)})
    status = assess(BUDGET, cost)
    assert not status.complete
    assert status.used_percent == 25


@pytest.mark.parametrize(
    "thresholds",
    [
        [],
        [Threshold(percent=Decimal(80)), Threshold(percent=Decimal("80.0"))],
        [{"kind": ThresholdKind.ACTUAL, "percent": 0}],
    ],
)
def test_thresholds_that_make_no_sense_are_refused(thresholds: list[object]) -> None:
    with pytest.raises(ValidationError):
        Budget.model_validate(BUDGET.model_dump() | {"thresholds": thresholds})

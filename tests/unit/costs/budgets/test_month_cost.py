"""The cost of a budget in a month: what is known, converted, and expected."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from skyclust.costs.budgets.month_cost import month_cost
from skyclust.costs.budgets.uncounted import currencies_without_rate
from skyclust.costs.ledger.storage import open_root
from skyclust.errors import InvalidRequest
from skyclust.model.budget import Budget
from skyclust.model.currency_rate import CurrencyRate
from skyclust.store import currency_rates
from skyclust.store.engine import Store
from tests.unit.costs.daily_bills import charge, days_between, delivered
from tests.unit.costs.ledger.ledgers import Ledger

FIRST, TODAY = date(2026, 4, 25), date(2026, 5, 11)
BUDGET = Budget(name="all", amount=Decimal(100), currency="USD")


@pytest.fixture
def ledger(sqlite_store: Store, tmp_path: Path) -> Ledger:
    """2 USD and 1 EUR a day."""
    ledger = Ledger(sqlite_store, open_root(str(tmp_path / "costs")))
    days = days_between(FIRST, TODAY)
    euros = [charge(day, "1", BillingCurrency="EUR", ServiceName="Storage") for day in days]
    delivered(ledger, [*(charge(day, "2") for day in days), *euros], FIRST, TODAY)
    return ledger


def test_so_far_and_expected(ledger: Ledger) -> None:
    cost = month_cost(ledger.store, "default", BUDGET, TODAY, root=ledger.root)
    assert (cost.month, cost.actual) == (date(2026, 5, 1), Decimal(20))
    assert cost.forecast == pytest.approx(Decimal(62), abs=Decimal(1))
    assert cost.not_counted == {"EUR": Decimal(10)}


def test_a_rate_lets_another_currency_count(ledger: Ledger) -> None:
    rate = CurrencyRate("EUR", "USD", date(2026, 5, 2), Decimal("1.5"), "test")
    with ledger.store.writing() as connection:
        currency_rates.record(connection, "default", [rate], closed_before=FIRST)
    cost = month_cost(ledger.store, "default", BUDGET, TODAY, root=ledger.root)
    assert cost.actual == Decimal(20) + 9 * Decimal("1.5")
    assert cost.not_counted == {"EUR": Decimal(1)}


def test_a_month_whose_costs_have_no_rate_is_not_zero(ledger: Ledger) -> None:
    euros = BUDGET.model_copy(update={"filters": {"service": ("Storage",)}})
    cost = month_cost(ledger.store, "default", euros, TODAY, root=ledger.root)
    assert (cost.actual, cost.forecast) == (None, None)
    assert cost.not_counted == {"EUR": Decimal(10)}
    assert "has a rate to USD" in cost.forecast_reason


def test_currencies_without_a_rate_are_those_of_the_budgets_costs(ledger: Ledger) -> None:
    def left(budget: Budget) -> tuple[str, ...]:
        return currencies_without_rate(ledger.store, "default", budget, TODAY, root=ledger.root)

    assert left(BUDGET) == ("EUR",)
    assert left(BUDGET.model_copy(update={"filters": {"service": ("Compute",)}})) == ()
    rate = CurrencyRate("EUR", "USD", date(2026, 5, 2), Decimal("1.5"), "test")
    with ledger.store.writing() as connection:
        currency_rates.record(connection, "default", [rate], closed_before=FIRST)
    assert left(BUDGET) == ()


def test_filters(ledger: Ledger) -> None:
    web = BUDGET.model_copy(update={"filters": {"tag:team": ("web",), "service": ("Compute",)}})
    cost = month_cost(ledger.store, "default", web, TODAY, root=ledger.root)
    assert (cost.actual, cost.not_counted) == (Decimal(20), None)
    wrong = BUDGET.model_copy(update={"filters": {"colour": ("red",)}})
    with pytest.raises(InvalidRequest, match="colour"):
        month_cost(ledger.store, "default", wrong, TODAY, root=ledger.root)


def test_a_month_that_no_delivery_covers_is_not_zero(ledger: Ledger) -> None:
    cost = month_cost(ledger.store, "default", BUDGET, date(2026, 7, 3), root=ledger.root)
    assert (cost.actual, cost.forecast) == (None, None)
    assert cost.forecast_reason


def test_a_covered_month_without_a_charge_is_zero(ledger: Ledger) -> None:
    none = BUDGET.model_copy(update={"filters": {"service": ("Nothing",)}})
    cost = month_cost(ledger.store, "default", none, TODAY - timedelta(days=1), root=ledger.root)
    assert (cost.actual, cost.forecast) == (Decimal(0), None)
    assert "no costs in USD" in cost.forecast_reason

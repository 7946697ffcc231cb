"""The functions of what people decide about costs, called for another workspace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from skyclust.errors import NotFound
from skyclust.model.budget import Budget, BudgetAlert, Threshold
from skyclust.model.cost_settings import CostSettings
from skyclust.model.currency_rate import CurrencyRate
from skyclust.model.instance_metrics import InstanceMetrics
from skyclust.model.list_price import ListPrice, PricedKind, PriceItem, PriceUnit
from skyclust.store import (
    budgets,
    cached_prices,
    cost_settings,
    currency_rates,
    instance_metrics,
)

Call = Callable[[Connection, str], Any]

MONTH = date(2026, 1, 1)
BUDGET = Budget(name="web", amount=Decimal(100), currency="EUR")
ALERT = BudgetAlert(
    budget="web",
    month=MONTH,
    threshold=Threshold(percent=Decimal(80)),
    amount=Decimal(81),
    budget_amount=Decimal(100),
    currency="EUR",
    fired_at=datetime(2026, 1, 20, tzinfo=UTC),
)
RATE = CurrencyRate("EUR", "USD", MONTH, Decimal("1.1"), "mine")
THEIRS = CurrencyRate("EUR", "USD", MONTH, Decimal("9.9"), "theirs")
PRICE = ListPrice(
    item=PriceItem(PricedKind.INSTANCE, "eu-central-1", "m5.large"),
    amount=Decimal("0.096"),
    currency="USD",
    unit=PriceUnit.HOUR,
    sku="SKU",
    effective_from=None,
    read_at=datetime(2026, 1, 20, tzinfo=UTC),
)

MOMENT = datetime(2026, 1, 20, tzinfo=UTC)
METRICS = InstanceMetrics(instance_id="i-a", start=MOMENT, end=MOMENT, points=0)

FILLED = {
    "budget_alerts",
    "budgets",
    "cached_prices",
    "cost_settings",
    "currency_rates",
    "instance_metrics",
}
"""The tables that `fill` puts a row into."""


def fill(connection: Connection, workspace_id: str) -> None:
    """Put a row into each table that these functions read."""
    currency_rates.record(connection, workspace_id, [RATE], closed_before=MONTH)
    cached_prices.replace(connection, workspace_id, "aws", [PRICE])
    budgets.save(connection, workspace_id, BUDGET)
    budgets.fire(connection, workspace_id, ALERT)
    settings = CostSettings(allocation_tags=("team",))
    cost_settings.save(connection, workspace_id, settings)
    instance_metrics.keep(connection, workspace_id, "prod", "r", [(METRICS, None)], MOMENT)


READS: dict[str, tuple[Call, object]] = {
    "budgets.alerts": (budgets.alerts, []),
    "cached_prices.list_all": (cached_prices.list_all, []),
    "budgets.created_at": (budgets.created_at, {}),
    "budgets.get": (lambda c, w: budgets.get(c, w, "web"), NotFound),
    "budgets.list_all": (budgets.list_all, []),
    "cost_settings.get": (cost_settings.get, CostSettings()),
    "currency_rates.list_all": (currency_rates.list_all, []),
    "instance_metrics.list_all": (instance_metrics.list_all, []),
}

WRITES: dict[str, Call] = {
    "budgets.fire": lambda c, w: budgets.fire(c, w, ALERT),
    "budgets.remove": lambda c, w: budgets.remove(c, w, "web"),
    "budgets.save": lambda c, w: budgets.save(c, w, BUDGET),
    "cached_prices.expire": lambda c, w: cached_prices.expire(
        c, w, datetime(2099, 1, 1, tzinfo=UTC)
    ),
    "cached_prices.replace": lambda c, w: cached_prices.replace(c, w, "aws", [], [PRICE.item]),
    "cost_settings.save": lambda c, w: cost_settings.save(c, w, CostSettings(currency="USD")),
    "currency_rates.record": lambda c, w: currency_rates.record(
        c, w, [THEIRS], closed_before=date(2025, 1, 1)
    ),
    "instance_metrics.forget": lambda c, w: instance_metrics.forget(c, w, "prod", "r", ["i-a"]),
    "instance_metrics.keep": lambda c, w: instance_metrics.keep(
        c, w, "prod", "r", [(METRICS.model_copy(update={"points": 9}), None)], MOMENT
    ),
    "instance_metrics.mark_failed": lambda c, w: instance_metrics.mark_failed(
        c, w, "prod", "r", ["i-a"], "theirs", MOMENT
    ),
}

"""A ledger whose days cost what a test sets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from skyclust.contract.cost import BillingPeriod
from skyclust.costs.ledger.delivering import DeliveryOptions, apply_delivery
from skyclust.costs.ledger.storage import LedgerRoot
from skyclust.model.budget import Budget, Threshold, ThresholdKind
from skyclust.store.engine import Store
from tests.unit.costs.bills import delivery, midnight, table_of

MARCH = date(2026, 3, 1)
TODAY = date(2026, 3, 10)
BUDGET = Budget(
    name="web",
    amount=Decimal(100),
    currency="USD",
    thresholds=(
        Threshold(percent=Decimal(50)),
        Threshold(percent=Decimal(100)),
        Threshold(kind=ThresholdKind.FORECAST, percent=Decimal(200)),
    ),
)


def deliver(
    store: Store,
    root: LedgerRoot,
    costs: Mapping[date, str],
    *,
    until: date,
    account: str = "111122223333",
    currency: str = "USD",
    version: int = 1,
) -> None:
    """Deliver the days of March before `until`: usage of a day costs what is given for it."""
    days = sorted(costs)
    amounts = [Decimal(costs[day]).quantize(Decimal("1e-12")) for day in days]
    values: dict[str, Any] = {
        "BillingAccountId": [account] * len(days),
        "BillingCurrency": [currency] * len(days),
        "BillingPeriodStart": [midnight(MARCH)] * len(days),
        "BillingPeriodEnd": [midnight(date(2026, 4, 1))] * len(days),
        "ChargePeriodStart": [midnight(day) for day in days],
        "ChargePeriodEnd": [midnight(day + timedelta(days=1)) for day in days],
        "ChargeCategory": ["Usage"] * len(days),
        "BilledCost": amounts,
        "EffectiveCost": amounts,
        "ProviderName": ["AWS"] * len(days),
        "Tags": ['{"team": "shop"}'] * len(days),
    }
    given = delivery(
        source=f"aws-data-exports:{account}",
        billing_account_id=account,
        period=BillingPeriod(MARCH, date(2026, 4, 1)),
        complete_to=until,
        produced_at=datetime(2026, 4, 1, tzinfo=UTC) + timedelta(hours=version),
    )
    table: pa.Table = table_of(values, len(days))
    options = DeliveryOptions(requested_by="user:1", allow_mass_withdrawal=True)
    apply_delivery(store, "default", given, [table], options, root=root)


def every_day(amount: str, until: date) -> dict[date, str]:
    """Return a cost for each day of March before one."""
    return {MARCH + timedelta(days=n): amount for n in range((until - MARCH).days)}

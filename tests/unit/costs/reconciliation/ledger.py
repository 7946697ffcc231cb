"""Sums, coverage and totals as the ledger returns them, of July 2026 by default."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from skyclust.contract.cost import BillingPeriod, CostTotal
from skyclust.costs.reconciliation.sums import Coverage, LedgerSum, StatedTotal
from skyclust.model.cost_metric import CostMetric

JULY = BillingPeriod(date(2026, 7, 1), date(2026, 8, 1))
EXPORT = "aws-data-exports:production"
EXPLORER = "aws-cost-explorer:production"
ACCOUNT = "123456789012"


def ledger_sum(billed: str, day: int = 1, **changes: Any) -> LedgerSum:
    values: dict[str, Any] = {
        "source": EXPORT,
        "billing_account_id": ACCOUNT,
        "period": JULY,
        "day": date(2026, 7, day),
        "currency": "USD",
        "charge_category": "Usage",
        "invoice_id": "INV-1",
        "sub_account_id": "111111111111",
        "rows": 10,
        "billed_cost": Decimal(billed),
        "effective_cost": Decimal(billed),
    }
    return LedgerSum(**(values | changes))


def covered(*claimed: tuple[int, int], **changes: Any) -> Coverage:
    """Return coverage of ranges of days of July, the last day included; by default of all."""
    ranges = tuple(
        (date(2026, 7, first), date(2026, 7 + last // 31, last % 31 + 1))
        for first, last in claimed or ((1, 31),)
    )
    values: dict[str, Any] = {
        "source": EXPORT,
        "provider": "aws",
        "billing_account_id": ACCOUNT,
        "period": JULY,
        "claimed": ranges,
        "shadow": False,
        "provisional": False,
    }
    return Coverage(**(values | changes))


def stated(amount: str, *, source: str = EXPORT, **changes: Any) -> StatedTotal:
    values: dict[str, Any] = {
        "billing_account_id": ACCOUNT,
        "period": JULY,
        "metric": CostMetric.BILLED,
        "currency": "USD",
        "amount": Decimal(amount),
        "scope": "all charges",
        "read_at": datetime(2026, 8, 5, tzinfo=UTC),
    }
    return StatedTotal(source, CostTotal(**(values | changes)))

"""Bills with a chosen cost for each day, so that sums and forecasts are known by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from skyclust.contract.cost import BillingPeriod, CostDelivery
from tests.unit.costs.bills import ACCOUNT, midnight, table_of


def charge(day: date, cost: str, **columns: Any) -> dict[str, Any]:
    """Return a charge of a whole day; list cost is twice the effective cost."""
    return {
        "BillingAccountId": ACCOUNT,
        "BillingCurrency": "USD",
        "ChargePeriodStart": midnight(day),
        "ChargePeriodEnd": midnight(day + timedelta(days=1)),
        "ChargeCategory": "Usage",
        "BilledCost": Decimal(cost),
        "EffectiveCost": Decimal(cost),
        "ListCost": Decimal(cost) * 2,
        "ContractedCost": Decimal(cost),
        "ProviderName": "AWS",
        "PublisherName": "AWS",
        "InvoiceIssuerName": "AWS",
        "ServiceCategory": "Compute",
        "ServiceName": "Compute",
        "RegionId": "eu-central-1",
        "ResourceId": "i-1",
        "Tags": '{"team":"web"}',
    } | columns


def delivered(
    ledger: Any,
    charges: Sequence[dict[str, Any]],
    start: date,
    end: date,
    *,
    account: str = ACCOUNT,
    provider: str = "aws",
    produced_at: datetime | None = None,
) -> None:
    """Apply the charges of [start, end) month by month, complete for these days."""
    month = start.replace(day=1)
    while month < end:
        following = (month + timedelta(days=32)).replace(day=1)
        mine = [
            row | {"BillingPeriodStart": midnight(month), "BillingPeriodEnd": midnight(following)}
            for row in charges
            if max(month, start) <= row["ChargePeriodStart"].date() < min(following, end)
        ]
        rows = [row | {"BillingAccountId": account} for row in mine]
        columns = sorted({name for row in rows for name in row})
        values = {name: [row.get(name) for row in rows] for name in columns}
        table: pa.Table = table_of(values, len(rows))
        ledger.apply(
            table,
            CostDelivery(
                source=f"export:{account}",
                provider=provider,
                billing_account_id=account,
                period=BillingPeriod(month, following),
                complete_from=max(start, month),
                complete_to=min(end, following),
                produced_at=produced_at or datetime.combine(end, time(6), tzinfo=UTC),
                focus_version="1.2",
                provisional=following > end,
            ),
        )
        month = following


def days_between(start: date, end: date) -> list[date]:
    """Return the days [start, end)."""
    return [start + timedelta(days=number) for number in range((end - start).days)]

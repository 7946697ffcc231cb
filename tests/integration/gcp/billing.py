"""Providers for the sandbox's billing export, and what they and its generator say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from providers.gcp.credential import GcpCredential
from providers.gcp.provider import GcpProvider
from skyclust.contract import CostDelivery, FocusRow
from tests.fixtures.gcp import GcpSandbox

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
THIS_MONTH = YESTERDAY.replace(day=1)
LAST_MONTH = (THIS_MONTH - timedelta(days=1)).replace(day=1)


def provider_of(sandbox: GcpSandbox, account: str = "skyclust", **values: object) -> GcpProvider:
    """Return a provider whose credential names the sandbox's billing export."""
    table = {"billing_export_table": sandbox.billing_export()}
    key = {"service_account_info": sandbox.service_account_key(account)}
    fields = {**key, "endpoint": sandbox.endpoint, **table, **values}
    return GcpProvider(GcpCredential.model_validate(fields))


def deliveries(provider: GcpProvider, start: date = LAST_MONTH) -> list[CostDelivery]:
    """Return the deliveries from a day up to today."""
    return list(provider.list_deliveries(start, TODAY))


def rows_of(delivery: CostDelivery) -> Iterator[FocusRow]:
    """Yield all rows of a delivery."""
    for part in delivery.rows:
        for page in part.pages():
            yield from page


def billed_cost(rows: Iterator[FocusRow] | list[FocusRow]) -> Decimal:
    """Return the sum of the billed cost."""
    total = Decimal(0)
    for row in rows:
        amount = row["BilledCost"]
        assert isinstance(amount, Decimal)
        total += amount
    return total


def generated(sandbox: GcpSandbox, month: date) -> Decimal:
    """Return what the generator of the bill calls the billed cost of an invoice month."""
    days = [day for day in sandbox.billing_days() if day["month"] == month.isoformat()]
    assert days
    return sum((Decimal(day["billed_cost"]) for day in days), Decimal(0))

"""The part of the Azure harness for costs: the bill of a sample, as the sandbox makes it too."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from skyclust.contract import BillingPeriod, CostMetric
from skyclust_sandbox.azure.cost_management.bill import sample_bill
from skyclust_sandbox.billing.bill import Publication
from tests.fixtures.azure import AzureSandbox

BILLED_INSTANCES: Final = 4


class AzureCostHarness:
    """Bills a sample of instances in place of the resources of the subscription."""

    def __init__(self, sandbox: AzureSandbox) -> None:
        self._billing = sandbox
        self._bill = sample_bill(BILLED_INSTANCES, datetime.now(UTC).date())
        sandbox.bill_sample(BILLED_INSTANCES)

    @property
    def cost_days(self) -> tuple[date, date]:
        """Return the last two days of the month before that of yesterday, and the days after."""
        begin = self._bill.open_period
        return begin - timedelta(days=2), min(begin + timedelta(days=2), self._bill.today)

    def cost_total(
        self, period: BillingPeriod, start: date, end: date, metric: CostMetric
    ) -> Decimal:
        """Return the sum of the charges of the bill that begin in [start, end)."""
        return sum(
            (
                charge.billed_cost if metric is CostMetric.BILLED else charge.effective_cost
                for charge in self._bill.charges(period.start, Publication.FIRST)
                if start <= charge.start < end
            ),
            Decimal(0),
        )

    def limit_cost_pages(self, largest: int) -> None:
        """Limit the pages of answers to cost queries."""
        self._billing.limit_cost_pages(largest)

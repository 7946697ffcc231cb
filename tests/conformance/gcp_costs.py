"""The harness of the suites of billing: the FOCUS export of the sandbox GCP in BigQuery."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from skyclust.conformance import Failure
from skyclust.contract import BillingPeriod, CostMetric
from skyclust_sandbox.faults import Fault, FaultKind
from tests.conformance.gcp import GcpHarness
from tests.fixtures.gcp import GcpSandbox

RESULTS: Final = "bigquery.jobs.getQueryResults"


class GcpCostHarness(GcpHarness):
    """Works in one region, with a small bill: that of one generated instance."""

    def __init__(self, sandbox: GcpSandbox) -> None:
        super().__init__(sandbox)
        sandbox.bill_sample(1)

    @property
    def cost_days(self) -> tuple[date, date]:
        """The last day of a month and up to two days of the next."""
        today = datetime.now(UTC).date()
        start = (today - timedelta(days=1)).replace(day=1) - timedelta(days=1)
        return start, min(start + timedelta(days=3), today)

    def cost_total(
        self, period: BillingPeriod, start: date, end: date, metric: CostMetric
    ) -> Decimal:
        """Return the sum of the generator over the days of an invoice month.

        From the first day on, it includes the days before that the month invoices.
        """
        total = Decimal(0)
        for entry in self._sandbox.billing_days():
            day = date.fromisoformat(entry["day"])
            begun = day >= start or start == period.start
            if entry["month"] == period.start.isoformat() and begun and day < end:
                total += Decimal(entry[metric.value])
        return total

    def limit_cost_pages(self, largest: int) -> None:
        """Limit the pages of query results."""
        self._sandbox.limit_pages(largest)

    def fail(self, failure: Failure) -> None:
        """Make the calls of the service account fail, those of BigQuery too."""
        super().fail(failure)
        who = self._sandbox.access_key
        if failure is Failure.NO_LIST:
            self._sandbox.inject(Fault(kind=FaultKind.EMPTY, access_key=who, action="bigquery.*"))
        elif failure is Failure.ENDLESS:
            self._sandbox.inject(Fault(kind=FaultKind.REPEAT, access_key=who, action=RESULTS))
        elif failure is Failure.DENIED:
            self._sandbox.inject(Fault(kind=FaultKind.DENY, access_key=who, action="bigquery.*"))

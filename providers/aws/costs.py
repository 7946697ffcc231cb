"""Costs: deliveries of an export, or of Cost Explorer without one, and Cost Explorer's totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from providers.aws.cost_explorer import CostExplorerRows, Query, get_costs
from providers.aws.cost_explorer_rows import CATEGORIES, periods_between, to_totals
from providers.aws.costs_export import CHANGES, list_exported
from providers.aws.errors import aws_errors
from skyclust.contract import (
    BillingPeriod,
    CostCalls,
    CostDelivery,
    CostProvider,
    CostTotal,
    CostTotalsProvider,
)

if TYPE_CHECKING:
    from providers.aws.client import AwsClients


class AwsCosts(CostProvider, CostTotalsProvider):
    """What AWS bills to the account, and to the accounts of its organization.

    With an export its files are the deliveries. Without one Cost Explorer has costs by day,
    service and linked account, under the source `aws-cost-explorer:ACCOUNT`; the ledger makes it a
    shadow where another source delivers the account.
    """

    _clients: AwsClients

    def list_deliveries(self, start: date, end: date) -> Iterator[CostDelivery]:
        """Yield a delivery for each billing period that overlaps [start, end).

        A delivery of Cost Explorer is of the days in the range, up to yesterday, and reading it
        costs at least four calls. Raises NotFound for a bucket or export that does not exist.
        """
        export = self._clients.cost_export
        if export is not None:
            account = self._clients.billing_account
            yield from list_exported(self._clients, export, account, start, end)
            return
        now = datetime.now(UTC)
        last = min(end, now.date())
        if start >= last:
            return
        account = self._account()
        for period in periods_between(start, last):
            days = (max(start, period.start), min(last, period.end))
            yield self._of_cost_explorer(account, period, days, now)

    def _of_cost_explorer(
        self, account: str, period: BillingPeriod, days: tuple[date, date], now: datetime
    ) -> CostDelivery:
        rows = [
            CostExplorerRows(self._clients, account, period, *days, category)
            for category in CATEGORIES
        ]
        return CostDelivery(
            source=f"aws-cost-explorer:{account}",
            provider="aws",
            billing_account_id=account,
            period=period,
            complete_from=days[0],
            complete_to=days[1],
            produced_at=now,
            focus_version="1.2",
            rows=rows,
            provisional=now.date() < period.end + CHANGES,
        )

    def cost_totals(self, start: date, end: date) -> Sequence[CostTotal]:
        """Return the totals of each month that overlaps [start, end), of one query.

        Each month has the billed and the effective cost of all charges, and the billed cost of
        each record type: usage, tax, credits, fees.
        """
        now = datetime.now(UTC)
        periods = [period for period in periods_between(start, end) if period.start <= now.date()]
        if not periods:
            return []
        account = self._account()
        query = Query(periods[0].start, periods[-1].end, "MONTHLY", ("RECORD_TYPE",))
        pages = list(get_costs(self._clients, query))
        with aws_errors("read the totals of Cost Explorer"):
            return list(to_totals(pages, account, now))

    def calls_made(self) -> CostCalls:
        """Return the calls of Cost Explorer that were made, which cost one cent each.

        Reading an export costs less than a cent for 20,000 parts, and is not counted.
        """
        return self._clients.cost_calls.made()

    def _account(self) -> str:
        """Return the account whose bill it is."""
        if self._clients.billing_account is not None:
            return self._clients.billing_account
        with aws_errors("identify the credential"):
            return self._clients.sts().get_caller_identity()["Account"]

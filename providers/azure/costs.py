"""Costs: deliveries and totals of a subscription from Cost Management's query API.

The subscription is the billing account of its deliveries, and its only sub account. Its real
billing account cannot take that place: several subscriptions have the same one, each of their
credentials would claim to be the complete source of it, and the API that names it is not available
for an Enterprise Agreement
(https://learn.microsoft.com/en-us/rest/api/billing/billing-property/get). Only a credential can say
that exports of the billing account are imported: its deliveries are then shadows of theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Final

from providers.azure.cost_queries import TYPES, get_costs_by_type, get_daily_costs
from providers.azure.cost_rows import FOCUS_VERSION, charge_category, to_row
from skyclust.contract import (
    ALL_CHARGES,
    BillingPeriod,
    CostDelivery,
    CostMetric,
    CostProvider,
    CostTotal,
    CostTotalsProvider,
    FocusRow,
)

if TYPE_CHECKING:
    from providers.azure.client import AzureClients

CHANGES: Final = timedelta(days=5)
"""How long Azure changes a month after its end
(https://learn.microsoft.com/en-us/azure/cost-management-billing/costs/understand-cost-mgt-data)."""

_ROWS_A_PAGE: Final = 5000

_SCOPES: Final[Mapping[str, str]] = {
    "Usage": "usage and purchases",
    "Purchase": "usage and purchases",
    "Tax": "tax",
    "Credit": "credits",
    "Adjustment": "adjustments",
}
"""What a total counts, by the category of its charges."""


@dataclass
class AzureCostRows:
    """The rows of the days [start, end) of a billing period, which are read when it is opened."""

    name: str
    clients: AzureClients
    account: str
    period: BillingPeriod
    start: date
    end: date

    def pages(self) -> Iterator[Sequence[FocusRow]]:
        """Yield all rows; raises before the first one if a page of Azure's could not be read.

        A row has the costs of two queries, so both are read to the end first.
        """
        costs = iter(get_daily_costs(self.clients, self.start, self.end).items())
        while batch := list(islice(costs, _ROWS_A_PAGE)):
            yield [
                to_row(key, amounts, self.period, self.clients.subscription, self.account)
                for key, amounts in batch
            ]


class AzureCosts(CostProvider, CostTotalsProvider):
    """Reads the costs of a subscription, of days that are over in UTC."""

    _clients: AzureClients

    def list_deliveries(self, start: date, end: date) -> Iterator[CostDelivery]:
        """Yield a delivery for each month that overlaps [start, end), without any call.

        Azure does not say whether costs have changed, so a delivery has no fingerprint. Opening its
        part raises NotFound if Azure has no cost data of the subscription.
        """
        now = datetime.now(UTC)
        for period, first, last in _months(start, min(end, now.date())):
            yield CostDelivery(
                source=f"azure-cost-management:{self._clients.subscription_id}",
                provider="azure",
                billing_account_id=self._account,
                period=period,
                complete_from=first,
                complete_to=last,
                produced_at=now,
                focus_version=FOCUS_VERSION,
                rows=[
                    AzureCostRows(
                        f"{first}/{last}", self._clients, self._account, period, first, last
                    )
                ],
                shadow=self._clients.cost_billing_account is not None,
                provisional=now.date() < period.end + CHANGES,
            )

    def cost_totals(self, start: date, end: date) -> Sequence[CostTotal]:
        """Return the totals of each month in [start, end): of all charges, and of each category.

        A month for which Azure returns no charges has no total.
        """
        months = _months(start, min(end, datetime.now(UTC).date()))
        return [
            total
            for period, first, last in months
            for metric in TYPES
            for total in self._totals(period, metric, first, last)
        ]

    @property
    def _account(self) -> str:
        return self._clients.cost_billing_account or self._clients.subscription

    def _totals(
        self, period: BillingPeriod, metric: CostMetric, start: date, end: date
    ) -> Iterator[CostTotal]:
        sums = get_costs_by_type(self._clients, metric, start, end)
        read_at = datetime.now(UTC)
        for (currency, scope), amount in sorted(_by_scope(sums).items()):
            yield CostTotal(
                billing_account_id=self._account,
                period=period,
                metric=metric,
                currency=currency,
                amount=amount,
                scope=scope,
                read_at=read_at,
                start=start,
                end=end,
                # The total is that of one subscription among others of the billing account.
                sub_account_id=self._clients.subscription
                if self._clients.cost_billing_account
                else None,
            )


def _by_scope(sums: Mapping[tuple[str, str], Decimal]) -> Mapping[tuple[str, str], Decimal]:
    """Return the sums of types of charge by currency and scope, in the categories of FOCUS.

    Usage and purchases are one scope: a refund is of either, which only its pricing model says.
    """
    by_scope: dict[tuple[str, str], Decimal] = {}
    for (currency, charge_type), amount in sums.items():
        for scope in (_SCOPES[charge_category(charge_type)], ALL_CHARGES):
            by_scope[currency, scope] = by_scope.get((currency, scope), Decimal(0)) + amount
    return by_scope


def _months(start: date, end: date) -> Iterator[tuple[BillingPeriod, date, date]]:
    """Yield each month that overlaps [start, end), with the begin and end of the overlap."""
    month = start.replace(day=1)
    while month < end:
        following = (month + timedelta(days=32)).replace(day=1)
        first, last = max(start, month), min(end, following)
        if first < last:
            yield BillingPeriod(month, following), first, last
        month = following

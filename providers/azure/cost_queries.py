"""Queries of Cost Management: the charges of a subscription by day, or by type of charge.

A query takes one query processing unit a month of data. Its type is the metric: `ActualCost` has
purchases in the month in which they are invoiced (BilledCost), `AmortizedCost` spreads
reservations and savings plans over what they cover (EffectiveCost).

Sources: https://learn.microsoft.com/en-us/rest/api/cost-management/query/usage and
https://learn.microsoft.com/en-us/cloud-computing/finops/focus/mapping (columns of each metric)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from providers.azure import api_versions
from providers.azure.cost_answers import Row, amount, currency, label, read_answer, usage_day
from providers.azure.errors import azure_errors
from skyclust.contract import CostMetric
from skyclust.errors import InvalidRequest, NotFound, UnexpectedAnswer
from skyclust.providerkit.paging import PageGuard

if TYPE_CHECKING:
    from providers.azure.client import AzureClients

TYPES: Final[Mapping[CostMetric, str]] = {
    CostMetric.BILLED: "ActualCost",
    CostMetric.EFFECTIVE: "AmortizedCost",
}
"""The type of the query that returns each metric."""

DETAILED: Final = (
    "ResourceId", "ResourceLocation", "ServiceName", "ChargeType", "PricingModel", "BenefitId",
    "BenefitName",
)  # fmt: skip
"""Dimensions that every type of agreement has at the scope of a subscription."""

DOCUMENTED: Final = ("ServiceName", "ChargeType")
"""Azure documents two dimensions a query. It accepts more, and is asked for these two where it
does not."""

_ROWS_A_PAGE: Final = "5000"


@dataclass(frozen=True)
class ChargeKey:
    """What distinguishes the charges of one day: their dimensions, by name."""

    day: date
    currency: str
    labels: tuple[tuple[str, str], ...]

    def label(self, name: str) -> str | None:
        """Return the value of a dimension, None where there is none or it was not read."""
        return dict(self.labels).get(name) or None


Costs = dict[ChargeKey, dict[CostMetric, Decimal]]
"""The costs of each key, in the metrics in which Azure reports the charge."""


def definition(
    metric: CostMetric, granularity: str, dimensions: Sequence[str], start: date, end: date
) -> dict[str, Any]:
    """Return the body of a query of [start, end); the days of the API include the last one."""
    last = end - timedelta(days=1)
    return {
        "type": TYPES[metric],
        "timeframe": "Custom",
        "timePeriod": {"from": f"{start}T00:00:00Z", "to": f"{last}T23:59:59Z"},
        "dataset": {
            "granularity": granularity,
            "aggregation": {"totalCost": {"name": "Cost", "function": "Sum"}},
            "grouping": [{"type": "Dimension", "name": name} for name in dimensions],
        },
    }


def get_daily_costs(clients: AzureClients, start: date, end: date) -> Costs:
    """Return the costs of each charge and day of [start, end) in both metrics.

    A charge that Azure reports in one metric only, such as a purchase that is amortized, has no
    cost in the other. Raises UnexpectedAnswer for a day outside the range, because Azure answers
    for other days where it does not accept those of the query.
    """
    try:
        return _daily_costs(clients, DETAILED, start, end)
    except InvalidRequest:
        return _daily_costs(clients, DOCUMENTED, start, end)


def get_costs_by_type(
    clients: AzureClients, metric: CostMetric, start: date, end: date
) -> Mapping[tuple[str, str], Decimal]:
    """Return the sums of [start, end) by currency and type of charge; empty without charges."""
    doing = _doing(clients, start, end)
    sums: dict[tuple[str, str], Decimal] = {}
    for row in _rows(clients, definition(metric, "None", ["ChargeType"], start, end), doing):
        key = currency(row, doing), label(row, "ChargeType", doing)
        sums[key] = sums.get(key, Decimal(0)) + amount(row, "Cost", doing)
    return sums


def _daily_costs(clients: AzureClients, dimensions: Sequence[str], start: date, end: date) -> Costs:
    doing = _doing(clients, start, end)
    costs: Costs = {}
    for metric in TYPES:
        for row in _rows(clients, definition(metric, "Daily", dimensions, start, end), doing):
            day = usage_day(row, doing)
            if not start <= day < end:
                raise UnexpectedAnswer(
                    f"Could not {doing}: Azure answered for {day}.", provider="azure"
                )
            labels = tuple((name, _shared(row, name, doing)) for name in dimensions)
            amounts = costs.setdefault(ChargeKey(day, currency(row, doing), labels), {})
            amounts[metric] = amounts.get(metric, Decimal(0)) + amount(row, "Cost", doing)
    return costs


def _shared(row: Row, name: str, doing: str) -> str:
    """Return the value of a dimension, the same object for equal values: a month has many rows.

    Azure spells a resource's id differently from one row to the next.
    """
    value = label(row, name, doing)
    return sys.intern(value.lower() if name in {"ResourceId", "BenefitId"} else value)


def _rows(clients: AzureClients, body: dict[str, Any], doing: str) -> Iterator[Row]:
    """Yield the rows of all pages of a query.

    Raises NotFound where Azure has no cost data of the subscription at all (204): an answer without
    rows says that there are no charges, this one does not.
    """
    path = f"{clients.subscription}/providers/Microsoft.CostManagement/query"
    guard = PageGuard(doing, "azure")
    link: str | None = None
    while True:
        with azure_errors(doing):
            content = clients.query(
                path, api_versions.COST_MANAGEMENT, body, link=link, **{"$top": _ROWS_A_PAGE}
            )
        if content is None:
            raise NotFound(
                f"Could not {doing}: Azure has no cost data of it.",
                hint="Cost data of a new subscription takes up to 48 hours to appear; some offers"
                " have none: see https://aka.ms/costmgmt/supportedoffers.",
                provider="azure",
            )
        answer = read_answer(content, doing)
        link = answer.next_link
        if link is not None:
            guard.check(link, [link] * len(answer.rows))
        yield from answer.rows
        if link is None:
            return


def _doing(clients: AzureClients, start: date, end: date) -> str:
    last = end - timedelta(days=1)
    return f"read the costs of subscription {clients.subscription_id} from {start} to {last}"

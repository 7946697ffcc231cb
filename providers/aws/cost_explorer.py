"""Queries of Cost Explorer, page by page; every page is a call that costs money.

Source: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from providers.aws.cost_explorer_rows import AMORTIZED, BILLED, Category, to_rows
from providers.aws.errors import aws_errors
from skyclust.contract import BillingPeriod, FocusRow
from skyclust.errors import UnexpectedAnswer
from skyclust.providerkit.answers import require_list
from skyclust.providerkit.paging import PageGuard

if TYPE_CHECKING:
    from providers.aws.client import AwsClients


@dataclass(frozen=True)
class Query:
    """A query of costs in [start, end): its granularity, its groups, and a filter."""

    start: date
    end: date
    granularity: str
    groups: Sequence[str]
    filter: Mapping[str, Any] | None = None

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of GetCostAndUsage."""
        parameters: dict[str, Any] = {
            "TimePeriod": {"Start": self.start.isoformat(), "End": self.end.isoformat()},
            "Granularity": self.granularity,
            "Metrics": [BILLED, AMORTIZED],
            "GroupBy": [{"Type": "DIMENSION", "Key": key} for key in self.groups],
        }
        if self.filter is not None:
            parameters["Filter"] = self.filter
        return parameters


def get_costs(clients: AwsClients, query: Query) -> Iterator[Mapping[str, Any]]:
    """Yield the pages of a query; each has `ResultsByTime`.

    Raises ConfigurationError when the limit of priced calls is reached, and UnexpectedAnswer for a
    list that never ends, or that says nothing about the queried days.
    """
    doing = f"read the costs from {query.start} to {query.end} of Cost Explorer"
    guard = PageGuard(doing, "aws")
    token: str | None = None
    answered = False
    while True:
        more: dict[str, Any] = {"NextPageToken": token} if token else {}
        clients.cost_calls.count()
        with aws_errors(doing):
            page: Any = clients.cost_explorer().get_cost_and_usage(**query.parameters(), **more)
        answered |= bool(require_list(page, "ResultsByTime", doing=doing, provider="aws"))
        yield page
        token = page.get("NextPageToken")
        if not token:
            break
        guard.check(token, [token])
    if not answered:
        raise UnexpectedAnswer(
            f"Could not {doing}: the answer has no days.",
            hint="Is a proxy or another service answering at the endpoint?",
            provider="aws",
        )


@dataclass(frozen=True)
class CostExplorerRows:
    """The charges of one category in the days of a delivery, by day, service and account."""

    clients: AwsClients
    billing_account_id: str
    period: BillingPeriod
    start: date
    end: date
    category: Category

    @property
    def name(self) -> str:
        """The category of the charges."""
        return self.category.name

    def pages(self) -> Iterator[Sequence[FocusRow]]:
        """Yield the rows page by page to the end."""
        query = Query(self.start, self.end, "DAILY", _GROUPS, self.category.filter())
        for page in get_costs(self.clients, query):
            with aws_errors(f"read the {self.name} of {self.period} of Cost Explorer"):
                rows = to_rows(page, self.billing_account_id, self.period, self.category)
            yield rows


_GROUPS: Final = ("SERVICE", "LINKED_ACCOUNT")

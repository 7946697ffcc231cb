"""Costs: what CloudKitty rated for the project, by hour and resource.

Source: https://docs.openstack.org/cloudkitty/latest/api-reference/v2/api-reference.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from providers.openstack.rated_points import RatedHours, read_rated_hours, read_summary
from providers.openstack.rated_rows import (
    FOCUS_VERSION,
    PROVIDER,
    RatedProject,
    midnight,
    month_of,
    to_amount,
    to_row,
)
from providers.openstack.regions import get_regions
from providers.openstack.services import RATING
from skyclust.contract import (
    ALL_CHARGES,
    BillingPeriod,
    CostDelivery,
    CostMetric,
    CostProvider,
    CostTotal,
    CostTotalsProvider,
)
from skyclust.contract.cost import FocusRow
from skyclust.errors import ConfigurationError, Unsupported

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

SOURCE: Final = "cloudkitty"
PAGE: Final = 1000
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class RatedRows:
    """The rated hours of one region and range, as rows of FOCUS."""

    hours: RatedHours
    project: RatedProject

    @property
    def name(self) -> str:
        """Return the region and the range."""
        return f"{self.hours.region} {self.hours.begin:%Y-%m-%d}..{self.hours.end:%Y-%m-%d}"

    def pages(self) -> Iterator[Sequence[FocusRow]]:
        """Yield the rows page by page; raises for a page that could not be read."""
        for page in self.hours.pages(PAGE):
            yield [to_row(self.hours.region, self.project, hour) for hour in page]


class OpenStackCosts(CostProvider, CostTotalsProvider):
    """Reads what CloudKitty rated for the project, or for all projects for an administrator."""

    _clients: OpenStackClients

    def list_deliveries(self, start: date, end: date) -> Iterator[CostDelivery]:
        """Yield a delivery for each month of [start, end) in which anything is rated.

        It claims the days up to the last hour that is rated: CloudKitty rates some hours later,
        and nothing says whether later hours are free or not rated yet. A month without any rated
        hour has no delivery, for that is no bill of zero. Raises Unsupported where the cloud has no
        CloudKitty, ConfigurationError without the currency of its prices.
        """
        regions = _rated_regions(self._clients)
        project = self._project()
        now = datetime.now(UTC)
        for period in _periods(start, min(end, now.date() + _DAY)):
            first = max(period.start, start)
            last = min(period.end, end, now.date() + _DAY)
            read = [
                read_rated_hours(self._clients, region, midnight(first), midnight(last))
                for region in regions
            ]
            parts = [hours for hours in read if hours is not None]
            if not parts:
                continue
            rated_until = min(_after(hours.rated_until) for hours in parts)
            claimed = min(last, rated_until)
            rows = [RatedRows(replace(one, end=midnight(claimed)), project) for one in parts]
            yield CostDelivery(
                source=SOURCE,
                provider=PROVIDER,
                billing_account_id=project.account,
                period=period,
                complete_from=first,
                complete_to=claimed,
                produced_at=now,
                focus_version=FOCUS_VERSION,
                rows=rows,
                provisional=now.date() < period.end + _DAY,
            )

    def cost_totals(self, start: date, end: date) -> Sequence[CostTotal]:
        """Return CloudKitty's own sum of each month that overlaps [start, end).

        A month in which nothing is rated has no total. Raises as `list_deliveries` does.
        """
        regions = _rated_regions(self._clients)
        project = self._project()
        now = datetime.now(UTC)
        totals = []
        for period in _periods(start, min(end, now.date() + _DAY)):
            amounts = [amount for region in regions for amount in self._summary(region, period)]
            if amounts:
                totals.append(
                    CostTotal(
                        billing_account_id=project.account,
                        period=period,
                        metric=CostMetric.BILLED,
                        currency=project.currency,
                        amount=sum(amounts[1:], amounts[0]),
                        scope=ALL_CHARGES,
                        read_at=now,
                    )
                )
        return totals

    def _summary(self, region: str, period: BillingPeriod) -> list[Decimal]:
        rows = read_summary(self._clients, region, midnight(period.start), midnight(period.end))
        return [to_amount(row.get("rate")) for row in rows]

    def _project(self) -> RatedProject:
        currency = self._clients.credential.rating_currency
        if currency is None:
            raise ConfigurationError(
                "CloudKitty does not name the currency of its prices, nor does the credential.",
                hint="Set the credential's `rating_currency`, for example to EUR.",
                provider=PROVIDER,
            )
        return RatedProject(self._clients.project_id(), currency)


def _rated_regions(clients: OpenStackClients) -> list[str]:
    """Return the regions with CloudKitty, each endpoint once; raises Unsupported without any."""
    regions: dict[str, str] = {}
    for region in get_regions(clients):
        if clients.has(region, RATING):
            regions.setdefault(clients.endpoint(region, RATING).url, region)
    if not regions:
        raise Unsupported(
            "This cloud has no CloudKitty: there is no service `rating` in its catalog.",
            hint="Price its inventory by a price book: docs/how-to/price-books.md.",
            provider=PROVIDER,
        )
    return sorted(regions.values())


def _periods(start: date, end: date) -> Iterator[BillingPeriod]:
    day = start
    while day < end:
        period = month_of(day)
        yield period
        day = period.end


def _after(moment: datetime) -> date:
    """Return the first day that begins at a moment or later."""
    return moment.date() if moment == midnight(moment.date()) else moment.date() + _DAY

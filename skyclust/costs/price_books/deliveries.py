"""Deliveries of a price book: the inventory's history of each account, priced."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from skyclust.contract.cost import BillingPeriod, CostDelivery, FocusRow
from skyclust.costs.counting import counted
from skyclust.costs.price_books.accounts import read_accounts
from skyclust.costs.price_books.amounts import midnight, month_begin, month_end
from skyclust.costs.price_books.book import BookVersion
from skyclust.costs.price_books.coverage import (
    DAY,
    KnownDay,
    known_days,
    runs_of_days,
)
from skyclust.costs.price_books.focus_rows import FOCUS_VERSION, to_row
from skyclust.costs.price_books.items import NotPriced, items_of
from skyclust.costs.price_books.rating import charges_of_day
from skyclust.errors import IncompleteList, InvalidRequest, UnreadableItem
from skyclust.model.resource_period import ResourcePeriod
from skyclust.model.scope import ScopeKey
from skyclust.store import resource_periods, retention
from skyclust.store.engine import Store

ROWS_OF_A_PAGE = 1000
MOST_NAMED = 20
"""Resources without a price that an error names."""


@dataclass(frozen=True)
class PricedRows:
    """The rows of one run of days of one account; they are computed page by page."""

    store: Store
    workspace_id: str
    saved: BookVersion
    account: str
    days: tuple[KnownDay, ...]

    @property
    def name(self) -> str:
        """Return the days that the rows are of."""
        return f"{self.days[0].day}..{self.days[-1].day}"

    def pages(self) -> Iterator[Sequence[FocusRow]]:
        """Yield the rows, scope by scope."""
        page: list[FocusRow] = []
        for day, periods in _resources(self.store, self.workspace_id, self.saved, self.days):
            for charge in charges_of_day(self.saved.book, periods, day.day, day.until):
                page.append(to_row(self.saved, self.account, charge))
                if len(page) >= ROWS_OF_A_PAGE:
                    yield page
                    page = []
        yield page


def price_book_deliveries(  # noqa: PLR0917  a range of days has two ends
    store: Store,
    workspace_id: str,
    saved: BookVersion,
    start: date,
    end: date,
    now: datetime,
    *,
    only: Collection[str] | None = None,
) -> Iterator[CostDelivery]:
    """Yield the deliveries of a price book for [start, end), in order of account and time.

    There is one for each account, month and run of days that the inventory covers (`coverage`); of
    a month with a gap there are several. The account is that of the credentials, so that a price
    book and the cloud's own billing of one account are never both counted; a credential that was
    never verified is an account of its own. With `only` the accounts are those of the named
    credentials. The running month is provisional.

    After the last delivery IncompleteList is raised where resources have no price: the days that
    they existed on are in no delivery. Raises InvalidRequest for a time without timezone, and for
    a book that covers no credential of the workspace, or several that may be of one cluster.
    """
    if now.tzinfo is None:
        raise InvalidRequest("The time has no timezone.")
    accounts, kept_from = read_accounts(store, workspace_id, saved.book, only)
    problems: dict[tuple[str, str, str], str] = {}
    for account, reads in sorted(accounts.items()):
        days = known_days(saved.book, reads, start, end, now.astimezone(UTC), kept_from)
        unpriced = _unpriced_days(store, workspace_id, saved, days, problems)
        for run in runs_of_days(day for day in days if day.day not in unpriced):
            rows = PricedRows(store, workspace_id, saved, account, tuple(run))
            yield _delivery(rows, reads[0].provider, now)
    if problems:
        raise _incomplete(saved, problems)


def _delivery(rows: PricedRows, provider: str, now: datetime) -> CostDelivery:
    first, last = rows.days[0].day, rows.days[-1].day
    period = BillingPeriod(month_begin(first), month_end(first))
    return CostDelivery(
        source=rows.saved.source,
        provider=provider,
        billing_account_id=rows.account,
        period=period,
        complete_from=first,
        complete_to=last + DAY,
        produced_at=now.astimezone(UTC),
        focus_version=FOCUS_VERSION,
        rows=(rows,),
        provisional=now < midnight(period.end),
    )


def _unpriced_days(
    store: Store,
    workspace_id: str,
    saved: BookVersion,
    days: Sequence[KnownDay],
    problems: dict[tuple[str, str, str], str],
) -> set[date]:
    """Return the days on which a resource has no price, and note each resource with the reason."""
    unpriced = set()
    for day, periods in _resources(store, workspace_id, saved, days):
        for period in periods:
            if period.valid_from >= day.until or (
                period.valid_to is not None and period.valid_to <= midnight(day.day)
            ):
                continue
            try:
                items_of(saved.book, period, day.day)
            except NotPriced as error:
                unpriced.add(day.day)
                problems.setdefault((period.region, period.kind, period.id), str(error))
    return unpriced


def _resources(
    store: Store, workspace_id: str, saved: BookVersion, days: Sequence[KnownDay]
) -> Iterator[tuple[KnownDay, list[ResourcePeriod]]]:
    """Yield each resource with each day that is to be priced: its periods of about that time.

    One scope is read at a time, and the days of it that this credential covers.
    """
    by_scope: dict[ScopeKey, list[KnownDay]] = {}
    for day in days:
        for key in day.scopes:
            by_scope.setdefault(key, []).append(day)
    margin = timedelta(seconds=saved.book.minimum_seconds)
    for key, known in by_scope.items():
        for month in runs_of_days(known):
            with store.reading() as connection:
                start = midnight(month[0].day) - margin
                kept_from = retention.kept_from(connection, workspace_id)
                periods = resource_periods.list_periods(
                    connection,
                    workspace_id,
                    key,
                    start=max(start, kept_from) if kept_from else start,
                    end=month[-1].until,
                )
            for _, group in groupby(periods, key=lambda one: one.id):
                resource = list(group)
                yield from ((day, resource) for day in month)


def _incomplete(saved: BookVersion, problems: dict[tuple[str, str, str], str]) -> IncompleteList:
    items = [
        UnreadableItem(region, f"{kind} {name}", reason)
        for (region, kind, name), reason in problems.items()
    ]
    first = "; ".join(f"{one.name}: {one.reason}" for one in items[:MOST_NAMED])
    resources, it = (
        counted(len(items), "resource", "resources"),
        "it" if len(items) == 1 else "they",
    )
    return IncompleteList(
        f"The price book {saved.label} has no price for {resources}; the days"
        f" that {it} existed on are not priced. {first}",
        items=items,
        hint="Add a price or a size to the book; a price of 0 says that something is free.",
    )

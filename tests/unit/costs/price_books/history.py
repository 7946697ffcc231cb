"""A history of the inventory with the times of a test, and bills of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from skyclust.contract.cost import CostDelivery, FocusRow
from skyclust.costs.price_books.book import BookVersion, read_price_book
from skyclust.costs.price_books.deliveries import price_book_deliveries
from skyclust.model.resource import ResourceKind
from skyclust.store import credentials
from skyclust.store.engine import Store
from skyclust.store.tables import resource_versions, scopes

KINDS = ("instance", "disk", "address", "snapshot", "image")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """Return a time in UTC: `2026-03-01 12:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def add_cluster(
    store: Store,
    *,
    read_until: datetime,
    read_from: datetime = LONG_AGO,
    credential: str = "lab",
    account: str | None = "pve",
    provider: str = "proxmox",
    **changed: Any,
) -> None:
    """Add a credential of one region `r1`, all of whose scopes were read in that time."""
    with store.writing() as connection:
        credentials.add(
            connection, "default", name=credential, provider=provider, block_name=credential
        )
        if account:
            credentials.set_verified(connection, "default", credential, account, "me")
        for kind in KINDS:
            row = {
                "workspace_id": "default",
                "credential": credential,
                "region": "r1",
                "kind": kind,
                "provider": provider,
                "state": "fresh",
                "read_started_at": read_until,
                "completed_at": read_until,
                "attempted_at": read_until,
                "first_completed_at": read_from,
            }
            connection.execute(insert(scopes).values(row | changed.get(kind, {})))


def add_resource(
    store: Store,
    kind: str,
    resource_id: str,
    *periods: tuple[str, str | None, dict[str, Any]],
    credential: str = "lab",
    provider: str = "proxmox",
) -> None:
    """Add what a resource was: begin, end, and state, tags and attributes of each period."""
    with store.writing() as connection:
        for begin, end, content in periods:
            values = dict(content)
            row = {
                "workspace_id": "default",
                "credential": credential,
                "region": "r1",
                "kind": kind,
                "resource_id": resource_id,
                "provider": provider,
                "name": resource_id,
                "zone": None,
                "state": values.pop("state", "running" if kind == "instance" else "available"),
                "native_state": None,
                "tags": values.pop("tags", {}),
                "created_at": None,
                "attributes": values,
                "fingerprint": "f",
                "first_seen_at": at(begin),
                "observed_at": at(begin),
                "valid_from": at(begin),
                "valid_to": at(end) if end else None,
                "ended_by": "changed" if end else None,
            }
            connection.execute(insert(resource_versions).values(row))


def book_of(*prices: str, **fields: Any) -> BookVersion:
    """Return version 1 of a book for Proxmox VE with prices such as `core-hour 0.01`."""
    fields.setdefault("covers", "{providers: [proxmox, openstack]}")
    lines = ["name: datacentre", "currency: EUR"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    lines.append("prices:")
    for price in prices:
        unit, amount, *more = price.split(" ", 2)
        rest = f", {more[0]}" if more else ""
        since = "" if "from:" in rest else ", from: 2020-01-01"
        lines.append(f"  - {{unit: {unit}, price: {amount}{since}{rest}}}")
    return BookVersion(read_price_book("\n".join(lines)), 1)


def deliveries(
    store: Store, saved: BookVersion, start: str, end: str, now: datetime | None = None
) -> list[CostDelivery]:
    """Return the deliveries of a book; `now` is long after the range unless it is given."""
    last = date.fromisoformat(end)
    moment = now or datetime(last.year + 1, 1, 1, tzinfo=UTC)
    found = price_book_deliveries(store, "default", saved, date.fromisoformat(start), last, moment)
    return list(found)


def rows_of(found: Iterable[CostDelivery]) -> list[FocusRow]:
    """Return the rows of deliveries."""
    return [row for one in found for part in one.rows for page in part.pages() for row in page]


def by_day(rows: Sequence[FocusRow], column: str = "BilledCost") -> dict[str, Decimal]:
    """Return the sums of a column by the day of the charge."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        begin, amount = row["ChargePeriodStart"], row[column]
        assert isinstance(begin, datetime)
        assert isinstance(amount, Decimal)
        sums[begin.date().isoformat()] += amount
    return dict(sums)


def total(rows: Sequence[FocusRow], column: str = "BilledCost") -> Decimal:
    """Return the sum of a column."""
    return sum(by_day(rows, column).values(), Decimal(0))


def days_of(found: Iterable[CostDelivery]) -> list[tuple[str, str]]:
    """Return the days that deliveries claim: the first and the last of each."""
    return [
        (
            one.complete_from.isoformat(),
            (one.complete_to - timedelta(days=1)).isoformat(),
        )
        for one in found
    ]


__all__ = [
    "KINDS",
    "ResourceKind",
    "add_cluster",
    "add_resource",
    "at",
    "book_of",
    "by_day",
    "days_of",
    "deliveries",
    "rows_of",
    "total",
]

"""Small estates and paid days, as tests of advice need them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from skyclust.costs.advice.estate import Estate
from skyclust.costs.advice.paid_costs import AccountDays, PaidCosts, PaidDay
from skyclust.costs.billed_ids import BilledId
from skyclust.costs.price_books.book import BookVersion, read_price_book
from skyclust.costs.resource_matching import resource_key
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeKey, ScopeState
from skyclust.model.stored import StoredResource

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
ACCOUNT = "111122223333"
FEBRUARY = frozenset(date(2026, 2, day) for day in range(1, 29))
MARCH = frozenset(date(2026, 3, day) for day in range(1, 11))

BOOK = """
name: datacentre
currency: EUR
covers: {providers: [proxmox]}
prices:
  - {unit: storage-gib-month, price: 0.073, from: 2026-01-01}
"""


def stored(kind: ResourceKind, name: str, /, **changed: Any) -> StoredResource:
    """Return a resource of a fresh scope that is as it is since January."""
    fields: dict[str, Any] = {
        "workspace_id": "default",
        "credential": "prod",
        "provider": "aws",
        "region": "eu-central-1",
        "kind": kind,
        "id": name,
        "name": name,
        "first_seen_at": datetime(2026, 1, 1, tzinfo=UTC),
        "observed_at": NOW - timedelta(minutes=10),
        "scope_state": ScopeState.FRESH,
    }
    return StoredResource.model_validate(fields | changed)


def disk(name: str, users: list[str] | None, /, **changed: Any) -> StoredResource:
    attributes = {"attached_to": users, "size_gib": 100, **changed.pop("attributes", {})}
    return stored(ResourceKind.DISK, name, attributes=attributes, **changed)


def estate(*resources: StoredResource, since: datetime | None = None) -> Estate:
    """Return an estate whose resources are all unchanged since a time, by default January."""
    unchanged = since or datetime(2026, 1, 1, tzinfo=UTC)
    keys = {(one.credential, one.region, one.kind): one for one in resources}
    scopes = [
        Scope(
            workspace_id="default",
            key=ScopeKey(credential=credential, region=region, kind=kind),
            provider=one.provider,
            state=one.scope_state or ScopeState.FAILED,
        )
        for (credential, region, kind), one in keys.items()
    ]
    return Estate(resources, {resource_key(one): unchanged for one in resources}, scopes)


def paid_day(day: date, amount: str | None, /, **changed: Any) -> PaidDay:
    fields: dict[str, Any] = {
        "day": day,
        "account": ACCOUNT,
        "sub_account": ACCOUNT,
        "currency": "USD",
        "amount": None if amount is None else Decimal(amount),
    }
    return PaidDay(**(fields | changed))


def daily(amount: str | None, days: Iterable[date] = FEBRUARY, /, **changed: Any) -> list[PaidDay]:
    """Return the same amount on each of the days."""
    return [paid_day(day, amount, **changed) for day in sorted(days)]


def paid(
    days: dict[str, list[PaidDay]],
    *,
    provider: str = "aws",
    final: frozenset[date] = FEBRUARY,
    provisional: frozenset[date] = MARCH,
) -> PaidCosts:
    """Return paid days by billed id, of an account with these delivered days."""
    return PaidCosts(
        {BilledId(provider, name): rows for name, rows in days.items()},
        {ACCOUNT: AccountDays(final, provisional)},
    )


def price_book() -> BookVersion:
    return BookVersion(read_price_book(BOOK), 1)

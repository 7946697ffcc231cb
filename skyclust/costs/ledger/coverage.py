"""Coverage: which days of each account were delivered, so that a gap is not taken for zero cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from skyclust.costs.ledger.uncounted import days_not_counted
from skyclust.store import (
    cost_accounts,
    cost_deliveries,
    cost_heads,
    cost_rollups,
    cost_slices,
    workspaces,
)
from skyclust.store.cost_heads import CostHead, PeriodKey
from skyclust.store.engine import Store


@dataclass(frozen=True)
class PeriodCoverage:
    """A billing period: whether the provider may still change it, and how old its delivery is."""

    period_start: date
    provisional: bool
    produced_at: datetime | None


class BilledMonths(NamedTuple):
    """A currency, and the first and the last charge month in which an account has rows of it."""

    currency: str
    first: date
    last: date


@dataclass(frozen=True)
class AccountCoverage:
    """The days of a billing account as one source has them.

    A day is in `days_with_rows`, in `days_empty` (delivered, without charges) or in `gaps` (no
    delivery that was produced on it or later claims it: an export of the current month claims all
    of it, and has nothing of tomorrow). `authoritative`: whether the rows count. `currencies` are
    those of all its rows, with the first and the last charge month that has some. The costs of the
    days in `not_counted` are in no sum: the rows are a shadow, and no source that counts has them.
    """

    billing_account_id: str
    source: str
    provider: str
    authoritative: bool
    days_with_rows: tuple[date, ...]
    days_empty: tuple[date, ...]
    gaps: tuple[date, ...]
    periods: tuple[PeriodCoverage, ...]
    currencies: tuple[BilledMonths, ...]
    not_counted: tuple[date, ...] = ()


def coverage(store: Store, workspace_id: str, start: date, end: date) -> list[AccountCoverage]:
    """Return what is delivered of the charge days [start, end), by account and source.

    An account that was ever delivered is listed, also when no day of the range was. Raises
    NotFound for an unknown workspace.
    """
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        heads = cost_heads.list_all(connection, workspace_id)
        owners = {
            account.billing_account_id: account.source
            for account in cost_accounts.list_all(connection, workspace_id)
        }
        claims = cost_deliveries.claims(connection, workspace_id, start, end)
        currencies = cost_rollups.account_currencies(connection, workspace_id)
        current = cost_slices.current_days(connection, workspace_id, start, end)
        counted = {
            head.key
            for head in heads
            if not head.shadow and owners.get(head.key.billing_account_id) == head.key.source
        }
        # Without a shadow every row counts.
        rows = (
            cost_rollups.sub_accounts_by_day(connection, workspace_id, start, end)
            if len(counted) < len(heads)
            else []
        )
    by_account: dict[tuple[str, str], list[CostHead]] = {}
    for head in heads:
        by_account.setdefault((head.key.billing_account_id, head.key.source), []).append(head)
    days = [start + timedelta(number) for number in range((end - start).days)]
    known_of: dict[PeriodKey, set[date]] = {}
    for claim in claims:
        known_of.setdefault(claim.key, set()).update(
            day
            for day in days
            if claim.start <= day < claim.end and day <= claim.produced_at.date()
        )
    not_counted = days_not_counted(heads, counted, rows, known_of)
    found = []
    for (account, source), theirs in sorted(by_account.items()):
        with_rows = {day for key, day in current if key[:2] == (source, account)}
        claimed = {
            day for key, known in known_of.items() if key[:2] == (source, account) for day in known
        }
        found.append(
            AccountCoverage(
                billing_account_id=account,
                source=source,
                provider=theirs[0].provider,
                authoritative=owners.get(account) == source,
                days_with_rows=tuple(day for day in days if day in with_rows),
                days_empty=tuple(day for day in days if day in claimed - with_rows),
                gaps=tuple(day for day in days if day not in claimed | with_rows),
                periods=tuple(
                    PeriodCoverage(head.key.period_start, head.provisional, head.produced_at)
                    for head in theirs
                ),
                currencies=tuple(
                    BilledMonths(currency, *months)
                    for currency, months in sorted(currencies.get((source, account), {}).items())
                ),
                not_counted=tuple(sorted(not_counted.get((source, account), ()))),
            )
        )
    return found

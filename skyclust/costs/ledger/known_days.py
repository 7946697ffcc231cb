"""Which days of a range are known in full: of every account, and no longer filling up."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from skyclust.costs.counting import counted
from skyclust.costs.ledger.coverage import AccountCoverage
from skyclust.costs.ledger.day_runs import day_runs

FILLING_DAYS: Final = 1
"""So many days before that of its delivery a day still fills up: clouds bring charges up to 24
hours late (https://docs.aws.amazon.com/cur/latest/userguide/what-is-cur.html)."""

ABANDONED_DAYS: Final = 10
"""An account without any of so many last days is not waited for: its gap is named instead."""


@dataclass(frozen=True)
class KnownDays:
    """The days that are known of every account, and those whose costs may change.

    `provisional` days are of billing periods that a provider has not closed, or from `filling_from`
    on: the running day is one of them, which no account has in full. `filling_from` is the first of
    the last days that lack charges of some account by now; None: no day does.
    """

    known: frozenset[date]
    provisional: frozenset[date]
    filling_from: date | None


def known_days(
    accounts: Sequence[AccountCoverage],
    start: date,
    end: date,
    where: Mapping[str, Collection[str | date | None]] | None = None,
) -> KnownDays:
    """Return the known days of [start, end), by the coverage of the same range.

    Only sources that count are looked at, and of the accounts those that `where` leaves. An account
    is waited for from its first known day on, so that one that joined later makes no gaps of the
    days before. Without any account no day is known.
    """
    mine = [one for one in accounts if one.authoritative and is_in(one, where or {})]
    covered = {one: {*one.days_with_rows, *one.days_empty} for one in mine}
    waited = {one: days for one, days in covered.items() if days}
    days = [start + timedelta(number) for number in range((end - start).days)]
    first = min((min(has) for has in waited.values()), default=end)
    known = frozenset(
        day
        for day in days
        if day >= first and all(day in has or day < min(has) for has in waited.values())
    )
    open_months = {
        period.period_start for one in mine for period in one.periods if period.provisional
    }
    filling_from = min(
        (
            filling
            for one, has in waited.items()
            if max(has) >= end - timedelta(days=ABANDONED_DAYS)
            and (filling := _filling_from(one, max(has))) < end
        ),
        default=None,
    )
    provisional = frozenset(
        day
        for day in days
        if day.replace(day=1) in open_months or (filling_from is not None and day >= filling_from)
    )
    return KnownDays(known, provisional, filling_from)


def counted_accounts(
    accounts: Sequence[AccountCoverage],
    where: Mapping[str, Collection[str | date | None]] | None = None,
    sources: Collection[str] | None = None,
) -> list[AccountCoverage]:
    """Return the accounts whose rows a query with these filters counts, as accounts that count.

    With `sources` these count, shadows too, as in `CostQuery`; else those that are authoritative.
    """
    return [
        replace(one, authoritative=True)
        for one in accounts
        if (one.source in sources if sources else one.authoritative) and is_in(one, where or {})
    ]


def is_in(account: AccountCoverage, where: Mapping[str, Collection[str | date | None]]) -> bool:
    """Return whether a filter leaves an account, by its provider and its billing account."""
    of = {"provider": account.provider, "billing_account": account.billing_account_id}
    return all(value in where.get(name, (value,)) for name, value in of.items())


def _filling_from(account: AccountCoverage, last_known: date) -> date:
    """Return the first day that an account's newest delivery may not have in full."""
    produced = [one.produced_at for one in account.periods if one.produced_at is not None]
    after = last_known + timedelta(days=1)
    if not produced:
        return after
    return min(after, max(produced).date() - timedelta(days=FILLING_DAYS))


def gap_sentences(accounts: Sequence[AccountCoverage], start: date, end: date) -> list[str]:
    """Return a sentence for each account that counts and lacks days of [start, end)."""
    sentences = []
    for one in accounts:
        gaps = [day for day in one.gaps if start <= day < end]
        if one.authoritative and gaps:
            sentences.append(
                f"{one.billing_account_id} ({one.source}): the cost of"
                f" {counted(len(gaps), 'day', 'days')} is not known, {day_runs(gaps)}."
            )
    return sentences


def uncounted_sentences(accounts: Sequence[AccountCoverage], start: date, end: date) -> list[str]:
    """Return a sentence for each account with days of [start, end) whose costs are in no sum."""
    sentences = []
    for one in accounts:
        days = [day for day in one.not_counted if start <= day < end]
        if days:
            sentences.append(
                f"{one.billing_account_id} ({one.source}) is a shadow: its costs of {len(days)}"
                f" day{'s' * (len(days) > 1)} are in no sum, and no source that counts has them,"
                f" {day_runs(days)}."
            )
    return sentences

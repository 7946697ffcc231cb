"""Which days the accounts that bill in a currency have delivered, all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from skyclust.costs.ledger.coverage import AccountCoverage, BilledMonths
from skyclust.costs.ledger.known_days import is_in


@dataclass(frozen=True)
class CurrencyDays:
    """The days that every account of a currency has delivered, and the days that may change.

    A day is in `provisional` while an account of the currency has an open billing period then.
    """

    delivered: frozenset[date] = frozenset()
    provisional: frozenset[date] = frozenset()


def currency_days(
    accounts: Sequence[AccountCoverage],
    start: date,
    end: date,
    where: Mapping[str, Collection[str | date | None]] | None = None,
    *,
    sources: Collection[str] | None = None,
    into: str | None = None,
) -> dict[str, CurrencyDays]:
    """Return the days of [start, end) by currency, by the coverage of the same range.

    An account belongs to each currency that any of its rows has, also outside of the range; all
    belong to `into`, the currency that amounts are converted to. It is expected from the month
    before its first charge month until the month after its last: an account that was opened later,
    or closed, does not make the costs of all other months incomplete. Of the accounts those that
    `where` leaves, by the sources that count or by `sources`.
    """
    days = [start + timedelta(number) for number in range((end - start).days)]
    by_currency: dict[str, list[_Expected]] = {}
    for one in accounts:
        counts = one.authoritative if sources is None else one.source in sources
        if counts and one.currencies and is_in(one, where or {}):
            for currency, months in _billed(one, into).items():
                by_currency.setdefault(currency, []).append(_Expected(one, months))
    return {currency: _days_of(theirs, days) for currency, theirs in by_currency.items()}


class _Expected(NamedTuple):
    """An account with the months in which it has charges of a currency."""

    account: AccountCoverage
    months: BilledMonths

    def days(self, days: Sequence[date]) -> set[date]:
        """Return the days on which a delivery of the account is expected."""
        start = (self.months.first - timedelta(days=1)).replace(day=1)
        end = self.months.last + timedelta(days=62)
        return {day for day in days if start <= day < end.replace(day=1)}


def _billed(account: AccountCoverage, into: str | None) -> dict[str, BilledMonths]:
    billed = {each.currency: each for each in account.currencies}
    if into:
        first = min(each.first for each in account.currencies)
        billed[into] = BilledMonths(into, first, max(each.last for each in account.currencies))
    return billed


def _days_of(accounts: Sequence[_Expected], days: Sequence[date]) -> CurrencyDays:
    someones: set[date] = set()
    missing: set[date] = set()
    open_months: set[date] = set()
    for one in accounts:
        delivered = {*one.account.days_with_rows, *one.account.days_empty} & {*days}
        someones |= delivered
        missing |= one.days(days) - delivered
        open_months |= {each.period_start for each in one.account.periods if each.provisional}
    return CurrencyDays(
        frozenset(someones - missing),
        frozenset(day for day in days if day.replace(day=1) in open_months),
    )

"""What there is to compare of one billing account and billing period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from skyclust.contract.cost import BillingPeriod
from skyclust.costs.reconciliation.sums import Coverage, LedgerSum, StatedTotal
from skyclust.errors import InternalError


@dataclass(frozen=True)
class ShadowSums:
    """The coverage and sums of a shadow source."""

    coverage: Coverage
    sums: Sequence[LedgerSum]


@dataclass
class AccountPeriod:
    """The coverage and sums of the source that counts, the shadows', and the stated totals.

    Where no source counts, the first shadow takes its place (`only_shadow`): what it read can
    still be compared with its total. `coverage` is None where nothing was delivered.
    """

    billing_account_id: str
    period: BillingPeriod
    coverage: Coverage | None = None
    sums: Sequence[LedgerSum] = ()
    shadows: list[ShadowSums] = field(default_factory=list)
    totals: list[StatedTotal] = field(default_factory=list)
    only_shadow: bool = False

    @property
    def source(self) -> str | None:
        """The source whose rows are compared."""
        return None if self.coverage is None else self.coverage.source

    @property
    def provisional(self) -> bool:
        """Whether the provider may still change the period; true where that is not known."""
        return self.coverage is None or self.coverage.provisional

    @property
    def claimed(self) -> frozenset[date]:
        """The days that the compared source claims."""
        return frozenset() if self.coverage is None else self.coverage.claimed_days()

    def sums_in(self, currency: str) -> list[LedgerSum]:
        """Return the sums of the compared source in a currency."""
        return [each for each in self.sums if each.currency == currency]

    def add(self, coverage: Coverage, sums: Sequence[LedgerSum]) -> None:
        """Add what a source has delivered; raises InternalError for a second one that counts."""
        if coverage.shadow:
            self.shadows.append(ShadowSums(coverage, sums))
        elif self.coverage is not None:
            raise InternalError(
                f"Both {self.coverage.source} and {coverage.source} count for"
                f" {self.billing_account_id} in {self.period}.",
                hint="Choose the source that counts for the account.",
            )
        else:
            self.coverage, self.sums = coverage, sums

    def settle(self) -> None:
        """Let the first shadow take the place of the source that counts, where there is none."""
        if self.coverage is None and self.shadows:
            first = min(self.shadows, key=lambda shadow: shadow.coverage.source)
            self.coverage, self.sums, self.only_shadow = first.coverage, first.sums, True
            self.shadows.remove(first)


def account_periods(
    coverage: Iterable[Coverage], sums: Iterable[LedgerSum], totals: Iterable[StatedTotal]
) -> list[AccountPeriod]:
    """Return what there is to compare, sorted by account and period.

    A total of an account that no source which counts has delivered, and that is a sub account of
    one that was, is taken as that sub account's: a subscription is an account to Azure's queries.
    """
    periods: dict[tuple[str, date], AccountPeriod] = {}
    by_source: dict[tuple[str, str, date], list[LedgerSum]] = defaultdict(list)
    for each in sums:
        by_source[each.source, each.billing_account_id, each.period.start].append(each)
    for covered in coverage:
        key = (covered.billing_account_id, covered.period.start)
        period = periods.setdefault(key, AccountPeriod(covered.billing_account_id, covered.period))
        period.add(covered, by_source.get((covered.source, *key), []))
    sub_accounts = {
        (_last_part(each.sub_account_id), start): (account, each.sub_account_id)
        for (account, start), period in periods.items()
        for each in period.sums
        if each.sub_account_id is not None
    }
    for stated in totals:
        total = stated.total
        key = (total.billing_account_id, total.period.start)
        owner = sub_accounts.get((_last_part(total.billing_account_id), total.period.start))
        if owner is not None and (key not in periods or periods[key].coverage is None):
            total = replace(total, billing_account_id=owner[0], sub_account_id=owner[1])
            key = (owner[0], total.period.start)
        period = periods.setdefault(key, AccountPeriod(key[0], total.period))
        period.totals.append(replace(stated, total=total))
    for period in periods.values():
        period.settle()
    return [periods[key] for key in sorted(periods)]


def _last_part(name: str) -> str:
    """Return the end of a resource id in lower case: FOCUS has "/subscriptions/<id>" for an id."""
    return name.rpartition("/")[2].lower()

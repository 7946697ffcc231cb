"""What reconciliation needs of the ledger: sums with their signs apart, and which days they cover.

`LedgerSums` is the query; the ledger fills it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Protocol

from skyclust.contract.cost import BillingPeriod, CostTotal
from skyclust.model.cost_metric import CostMetric

CREDIT: Final = "Credit"
TAX: Final = "Tax"


@dataclass(frozen=True)
class LedgerSum:
    """The sum of the rows that are equal in all that is named here; of current slices only.

    `list_cost` and `contracted_cost` are None where any of the rows does not know it.
    """

    source: str
    billing_account_id: str
    period: BillingPeriod
    day: date
    currency: str
    charge_category: str
    invoice_id: str | None
    sub_account_id: str | None
    rows: int
    billed_cost: Decimal
    effective_cost: Decimal
    list_cost: Decimal | None = None
    contracted_cost: Decimal | None = None

    def amount(self, metric: CostMetric) -> Decimal | None:
        """Return the sum in a metric; None where it is not known."""
        return {
            CostMetric.BILLED: self.billed_cost,
            CostMetric.EFFECTIVE: self.effective_cost,
            CostMetric.LIST: self.list_cost,
            CostMetric.CONTRACTED: self.contracted_cost,
        }[metric]


@dataclass(frozen=True)
class Coverage:
    """What a source has delivered for a billing account and period: the days that are claimed.

    `claimed` are half-open ranges of charge days, of applied deliveries. `shadow`: its rows do not
    count, and are compared with those of the source that does.
    """

    source: str
    provider: str
    billing_account_id: str
    period: BillingPeriod
    claimed: tuple[tuple[date, date], ...]
    shadow: bool
    provisional: bool

    def claimed_days(self) -> frozenset[date]:
        """Return the days that any delivery claims to be complete for."""
        return frozenset(day for start, end in self.claimed for day in days_between(start, end))


@dataclass(frozen=True)
class StatedTotal:
    """A total, and the source that states it: that of the rows, or another of the same account."""

    source: str
    total: CostTotal


class LedgerSums(Protocol):
    """The queries of the ledger that reconciliation is made of, in one workspace.

    All are of the billing periods that begin in [start, end), of every source, shadows too.
    """

    def coverage(self, start: date, end: date) -> Iterable[Coverage]:
        """Return what each source has delivered, once for each account and period."""

    def sums(self, start: date, end: date) -> Iterable[LedgerSum]:
        """Return the sums by source, account, period, day, currency, category, invoice and sub
        account.
        """

    def totals(self, start: date, end: date) -> Iterable[StatedTotal]:
        """Return the totals as each source stated them last."""


@dataclass(frozen=True)
class Amounts:
    """An amount with its parts apart, all in one currency and metric.

    `gross` is of all charges that are neither credits nor tax, `credits` is negative where they
    reduce the bill, `net` is the sum of all three. A bill that credits bring to zero is `offset`:
    it is not a month without charges.
    """

    gross: Decimal
    credits: Decimal
    tax: Decimal
    rows: int

    @property
    def net(self) -> Decimal:
        """The sum of gross, credits and tax."""
        return self.gross + self.credits + self.tax

    @property
    def offset(self) -> bool:
        """Whether there are charges, and credits of the same amount."""
        return bool(self.gross) and self.gross + self.credits == 0


def amounts_of(
    sums: Iterable[LedgerSum],
    metric: CostMetric,
    *,
    counts: Callable[[LedgerSum], bool] = lambda _: True,
) -> Amounts | None:
    """Return the amounts of those sums that `counts` accepts; None where one is not known.

    The sums are of one currency.
    """
    gross = credit = tax = Decimal(0)
    rows = 0
    for each in sums:
        if not counts(each):
            continue
        amount = each.amount(metric)
        if amount is None:
            return None
        rows += each.rows
        if each.charge_category == CREDIT:
            credit += amount
        elif each.charge_category == TAX:
            tax += amount
        else:
            gross += amount
    return Amounts(gross, credit, tax, rows)


def days_between(start: date, end: date) -> list[date]:
    """Return the days from `start` on, before `end`."""
    return [start + timedelta(days=number) for number in range((end - start).days)]

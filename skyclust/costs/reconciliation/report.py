"""What reconciliation comes to, as plain records."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Self

from skyclust.contract.cost import BillingPeriod
from skyclust.costs.reconciliation.sums import Amounts
from skyclust.costs.reconciliation.tolerance import Tolerance, Verdict
from skyclust.model.cost_metric import CostMetric


@dataclass(frozen=True)
class Comparison:
    """Our sum of an account and period beside a total that a source states.

    `source` is the source of our rows, None where nothing was delivered; `shadow`: its rows do not
    count, and no source that counts has this account; `stated_by` is that of the total, None where
    there is none. `ours` is None where it is not known, and `theirs` where no
    total is stated: neither is zero. `difference` is ours less theirs, `percent` of theirs.
    `scope` names what both count. `start` and `end` are the days compared, half open; both
    None: the whole period. `amounts` are all our charges of these days, whatever the scope.
    `days_claimed` of `days_compared` are claimed by a delivery, `days_with_rows` have rows.
    """

    source: str | None
    stated_by: str | None
    billing_account_id: str
    period: BillingPeriod
    metric: CostMetric
    currency: str
    scope: str
    verdict: Verdict
    reason: str
    ours: Decimal | None
    theirs: Decimal | None
    difference: Decimal | None
    percent: Decimal | None
    amounts: Amounts | None
    rows: int
    days_compared: int
    days_claimed: int
    days_with_rows: int
    provisional: bool
    shadow: bool = False
    start: date | None = None
    end: date | None = None
    invoice_id: str | None = None
    sub_account_id: str | None = None


@dataclass(frozen=True)
class InvoiceSum:
    """What the rows of an invoice come to, in one currency; None: rows that name no invoice."""

    source: str
    billing_account_id: str
    period: BillingPeriod
    invoice_id: str | None
    currency: str
    billed: Amounts


@dataclass(frozen=True)
class DayComparison:
    """A day of the source that counts beside that of a shadow; None where it is not claimed."""

    day: date
    ours: Decimal | None
    theirs: Decimal | None
    difference: Decimal | None
    verdict: Verdict


@dataclass(frozen=True)
class ShadowComparison:
    """The rows of a source that counts beside those of a shadow, day by day, in one metric.

    `ours`, `theirs` and `difference` are of the days that both claim.
    """

    source: str
    shadow: str
    billing_account_id: str
    period: BillingPeriod
    metric: CostMetric
    currency: str
    verdict: Verdict
    reason: str
    ours: Decimal
    theirs: Decimal
    difference: Decimal
    percent: Decimal | None
    days: tuple[DayComparison, ...]


@dataclass(frozen=True)
class ReconciliationReport:
    """All comparisons, sorted by account, period, currency and what is compared."""

    comparisons: tuple[Comparison, ...]
    invoices: tuple[InvoiceSum, ...]
    shadows: tuple[ShadowComparison, ...]
    tolerance: Tolerance

    @property
    def partial(self) -> bool:
        """Whether the run that made it is Partial: a difference is outside tolerance, or an
        account that a source states a total for was not collected.
        """
        return self.differences > 0

    @property
    def differences(self) -> int:
        """The number of totals outside tolerance, or of accounts that were not collected."""
        loud = (Verdict.OUTSIDE, Verdict.NOT_COLLECTED)
        verdicts = [each.verdict for each in self.comparisons]
        verdicts += [each.verdict for each in self.shadows]
        return sum(verdict in loud for verdict in verdicts)

    def of_accounts(self, billing_account_ids: Collection[str]) -> Self:
        """Return what the report has of some billing accounts."""
        return replace(
            self,
            comparisons=tuple(
                one for one in self.comparisons if one.billing_account_id in billing_account_ids
            ),
            invoices=tuple(
                one for one in self.invoices if one.billing_account_id in billing_account_ids
            ),
            shadows=tuple(
                one for one in self.shadows if one.billing_account_id in billing_account_ids
            ),
        )

    def having(self, verdict: Verdict) -> tuple[Comparison, ...]:
        """Return the comparisons with a verdict."""
        return tuple(each for each in self.comparisons if each.verdict is verdict)

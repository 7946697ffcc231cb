"""A shadow source beside the source that counts, day by day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from skyclust.costs.reconciliation.reconciling import reconcile, reconcile_ledger
from skyclust.costs.reconciliation.report import ReconciliationReport, ShadowComparison
from skyclust.costs.reconciliation.sums import Coverage, LedgerSum, StatedTotal
from skyclust.costs.reconciliation.tolerance import Verdict
from skyclust.errors import InternalError
from skyclust.model.cost_metric import CostMetric
from tests.unit.costs.reconciliation.ledger import EXPLORER, EXPORT, covered, ledger_sum, stated


def shadow_sum(billed: str, day: int, currency: str = "USD") -> LedgerSum:
    return ledger_sum(billed, day, source=EXPLORER, currency=currency, invoice_id=None)


def shadow(*claimed: tuple[int, int]) -> Coverage:
    return covered(*claimed, source=EXPLORER, shadow=True)


def billed(report: ReconciliationReport) -> list[ShadowComparison]:
    return [each for each in report.shadows if each.metric is CostMetric.BILLED]


def test_days_are_compared_where_both_claim_them() -> None:
    sums = [
        *(ledger_sum(str(10 * day), day) for day in (1, 2, 3)),
        shadow_sum("10", 1),
        shadow_sum("25", 2),
    ]

    report = reconcile([covered((1, 3)), shadow((1, 2))], sums, [])

    (found,) = billed(report)
    assert (found.source, found.shadow) == (EXPORT, EXPLORER)
    assert [(each.day.day, each.ours, each.theirs, each.verdict) for each in found.days] == [
        (1, Decimal(10), Decimal(10), Verdict.WITHIN),
        (2, Decimal(20), Decimal(25), Verdict.OUTSIDE),
        (3, Decimal(30), None, Verdict.NOT_COMPARABLE),
    ]
    assert (found.ours, found.theirs, found.difference) == (Decimal(30), Decimal(35), Decimal(-5))
    assert (found.percent, found.verdict) == (Decimal("-14.2857"), Verdict.OUTSIDE)
    assert report.partial


def test_a_claimed_day_without_rows_has_zero_cost() -> None:
    report = reconcile(
        [covered((1, 2)), shadow((1, 2))],
        [ledger_sum("10", 1), shadow_sum("10", 1), shadow_sum("5", 2)],
        [],
    )

    (found,) = billed(report)
    assert [(each.ours, each.theirs) for each in found.days][1] == (Decimal(0), Decimal(5))


def test_a_shadow_is_never_added() -> None:
    report = reconcile(
        [covered((1, 1)), shadow((1, 1))],
        [ledger_sum("10", 1), shadow_sum("10", 1)],
        [stated("10", start=date(2026, 7, 1), end=date(2026, 7, 2))],
    )

    assert report.comparisons[0].ours == Decimal(10)
    assert not report.partial


def test_another_currency_is_not_comparable() -> None:
    report = reconcile(
        [covered((1, 1)), shadow((1, 1))],
        [ledger_sum("10", 1), shadow_sum("9", 1, "EUR")],
        [],
    )

    assert {each.currency: each.verdict for each in billed(report)} == {
        "EUR": Verdict.NOT_COMPARABLE,
        "USD": Verdict.NOT_COMPARABLE,
    }
    assert not report.partial


def test_no_common_day_is_not_comparable() -> None:
    report = reconcile(
        [covered((1, 1)), shadow((2, 2))], [ledger_sum("10", 1), shadow_sum("9", 2)], []
    )

    (found,) = billed(report)
    assert (found.verdict, found.reason) == (
        Verdict.NOT_COMPARABLE,
        "There is no day that both claim.",
    )


class Ledger:
    """A ledger with the export and a shadow, which answers for July alone."""

    def coverage(self, start: date, end: date) -> list[Coverage]:
        return [covered((1, 2)), shadow((1, 2))] if start <= date(2026, 7, 1) < end else []

    def sums(self, start: date, end: date) -> list[LedgerSum]:
        return [ledger_sum("10", 1), shadow_sum("10", 1)] if start <= date(2026, 7, 1) < end else []

    def totals(self, start: date, end: date) -> list[StatedTotal]:
        return []


def test_only_the_periods_of_the_range_are_read() -> None:
    july = reconcile_ledger(Ledger(), date(2026, 7, 1), date(2026, 8, 1))
    june = reconcile_ledger(Ledger(), date(2026, 6, 1), date(2026, 7, 1))

    assert [each.verdict for each in july.shadows] == [Verdict.WITHIN] * 2
    assert (june.comparisons, june.shadows, june.partial) == ((), (), False)


def test_two_sources_that_count_are_never_added() -> None:
    with pytest.raises(InternalError, match="Both aws-data-exports:production and copy:b count"):
        reconcile([covered(), covered(source="copy:b")], [], [])

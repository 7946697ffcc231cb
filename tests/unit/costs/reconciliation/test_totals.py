"""Our sums beside the totals that sources state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from skyclust.costs.reconciliation.reconciling import reconcile
from skyclust.costs.reconciliation.report import Comparison
from skyclust.costs.reconciliation.sums import Coverage, LedgerSum, StatedTotal
from skyclust.costs.reconciliation.tolerance import Tolerance, Verdict
from skyclust.costs.reconciliation.total_scope import scope_of
from skyclust.model.cost_metric import CostMetric
from tests.unit.costs.reconciliation.ledger import (
    ACCOUNT,
    EXPORT,
    covered,
    ledger_sum,
    stated,
)


def compared(total: StatedTotal, *sums: LedgerSum, coverage: Coverage | None = None) -> Comparison:
    (comparison,) = reconcile([coverage or covered()], sums, [total]).comparisons
    return comparison


def test_a_total_is_compared_to_the_last_digit() -> None:
    found = compared(stated("100.000000000003"), ledger_sum("60"), ledger_sum("40", 2))

    assert found.verdict is Verdict.WITHIN
    assert (found.source, found.stated_by, found.billing_account_id) == (EXPORT, EXPORT, ACCOUNT)
    assert (found.ours, found.theirs) == (Decimal(100), Decimal("100.000000000003"))
    assert found.difference == Decimal("-0.000000000003")
    assert (found.rows, found.days_compared, found.days_claimed, found.days_with_rows) == (
        20,
        31,
        31,
        2,
    )


def test_a_difference_above_the_tolerance_makes_the_run_partial() -> None:
    report = reconcile([covered()], [ledger_sum("98")], [stated("100")])

    (found,) = report.comparisons
    assert (found.verdict, found.difference) == (Verdict.OUTSIDE, Decimal(-2))
    assert found.percent == Decimal("-2.0000")
    assert report.partial


@pytest.mark.parametrize(
    ("total", "ours", "currency", "verdict"),
    [
        ("1000", "1001", "USD", Verdict.WITHIN),
        ("1000", "1001.01", "USD", Verdict.OUTSIDE),
        ("-1000", "-1001", "USD", Verdict.WITHIN),
        ("1", "1.05", "USD", Verdict.WITHIN),
        ("1", "1.06", "USD", Verdict.OUTSIDE),
        ("0", "0.05", "USD", Verdict.WITHIN),
        ("0", "1", "USD", Verdict.OUTSIDE),
        ("100", "104", "JPY", Verdict.WITHIN),
        ("100", "106", "JPY", Verdict.OUTSIDE),
    ],
)
def test_the_default_tolerance_is_a_share_and_a_floor(
    total: str, ours: str, currency: str, verdict: Verdict
) -> None:
    found = compared(stated(total, currency=currency), ledger_sum(ours, currency=currency))

    assert found.verdict is verdict


def test_the_tolerance_may_be_chosen() -> None:
    exact = Tolerance(share=Decimal(0), floor=Decimal(0))
    report = reconcile([covered()], [ledger_sum("1.01")], [stated("1")], tolerance=exact)

    assert report.partial
    assert report.tolerance == exact


def test_a_missing_total_is_not_a_difference_of_zero() -> None:
    report = reconcile([covered()], [ledger_sum("98")], [])

    (found,) = report.comparisons
    assert found.verdict is Verdict.NO_TOTAL
    assert (found.ours, found.theirs, found.difference, found.percent) == (
        Decimal(98),
        None,
        None,
        None,
    )
    assert not report.partial
    assert report.having(Verdict.NO_TOTAL) == (found,)


def test_a_total_of_a_part_does_not_reconcile_the_whole() -> None:
    sums = [ledger_sum("5"), ledger_sum("7", 2, sub_account_id="222222222222")]
    part = stated("5", sub_account_id="111111111111")
    report = reconcile([covered()], sums, [part])

    assert [each.verdict for each in report.comparisons] == [Verdict.WITHIN, Verdict.NO_TOTAL]


def test_an_account_that_nobody_collected_is_loud() -> None:
    report = reconcile([], [], [stated("100")])

    (found,) = report.comparisons
    assert found.verdict is Verdict.NOT_COLLECTED
    assert (found.source, found.ours, found.amounts) == (None, None, None)
    assert report.partial
    assert not reconcile([], [], [stated("0")]).partial


def test_an_account_without_charges_has_the_total_zero() -> None:
    assert compared(stated("0")).verdict is Verdict.WITHIN
    assert compared(stated("3")).verdict is Verdict.OUTSIDE


def test_another_currency_is_not_comparable() -> None:
    report = reconcile([covered()], [ledger_sum("100", currency="EUR")], [stated("100")])

    usd, eur = report.comparisons
    assert (usd.verdict, usd.ours, usd.difference) == (Verdict.NOT_COMPARABLE, None, None)
    assert usd.reason == "The total is in USD, our rows are in EUR."
    assert (eur.verdict, eur.currency) == (Verdict.NO_TOTAL, "EUR")


def test_days_that_no_delivery_claims_are_not_comparable() -> None:
    found = compared(stated("100"), ledger_sum("98"), coverage=covered((1, 10), (12, 31)))

    assert found.verdict is Verdict.NOT_COMPARABLE
    assert found.reason == "No delivery claims 1 of its 31 days."
    assert (found.days_claimed, found.days_compared) == (30, 31)


def test_a_month_that_is_not_over_is_compared_up_to_when_its_total_was_read() -> None:
    total = stated("10", read_at=datetime(2026, 7, 10, 6, tzinfo=UTC))

    found = compared(total, ledger_sum("10"), coverage=covered((1, 10), provisional=True))

    assert (found.verdict, found.provisional) == (Verdict.WITHIN, True)
    assert (found.days_claimed, found.days_compared) == (10, 10)


def test_a_total_of_some_days_is_compared_with_these() -> None:
    sums = [ledger_sum(str(day), day) for day in (1, 2, 3)]
    total = stated("5", start=date(2026, 7, 2), end=date(2026, 7, 4))

    (found,) = reconcile([covered((2, 3))], sums, [total]).comparisons

    assert (found.verdict, found.ours, found.rows) == (Verdict.WITHIN, Decimal(5), 20)


def test_days_beyond_those_of_the_only_total_are_not_reconciled() -> None:
    total = stated("2", start=date(2026, 7, 2), end=date(2026, 7, 3))

    found = reconcile([covered((2, 3))], [ledger_sum("2", 2), ledger_sum("3", 3)], [total])

    assert [one.verdict for one in found.comparisons] == [Verdict.WITHIN, Verdict.NO_TOTAL]


def test_a_whole_period_counts_what_was_used_before_it() -> None:
    late = replace(ledger_sum("7"), day=date(2026, 6, 30))

    found = compared(stated("10"), ledger_sum("3"), late)

    assert found.ours == Decimal(10)


@pytest.mark.parametrize(
    ("scope", "ours"),
    [
        ("all charges", "85"),
        ("usage without tax and credits", "100"),
        ("all charges without tax", "70"),
        ("All charges without credits", "115"),
        ("charges before credits and tax", "100"),
        ("credits", "-30"),
        ("tax", "15"),
        ("charges of type Tax", "15"),
        ("usage, taxes", "115"),
    ],
)
def test_the_scope_names_what_is_compared(scope: str, ours: str) -> None:
    sums = [
        ledger_sum("100"),
        ledger_sum("-30", charge_category="Credit"),
        ledger_sum("15", charge_category="Tax"),
    ]

    found = compared(stated(ours, scope=scope), *sums)

    assert (found.verdict, found.ours) == (Verdict.WITHIN, Decimal(ours))
    assert found.amounts is not None
    assert (found.amounts.gross, found.amounts.credits, found.amounts.tax, found.amounts.net) == (
        Decimal(100),
        Decimal(-30),
        Decimal(15),
        Decimal(85),
    )


def test_a_type_that_is_a_part_of_a_category_is_not_compared() -> None:
    """Azure bills what is not used of a savings plan by another type, FOCUS has it as usage."""
    found = compared(stated("90", scope="charges of type Usage"), ledger_sum("100"))

    assert (found.verdict, found.ours) == (Verdict.NOT_COMPARABLE, None)


def test_all_charges_are_those_of_any_category() -> None:
    sums = [ledger_sum("100"), ledger_sum("7", charge_category="Support")]

    assert compared(stated("107"), *sums).verdict is Verdict.WITHIN
    assert compared(stated("100", scope="usage"), *sums).verdict is Verdict.WITHIN


def test_a_scope_in_unknown_words_is_not_comparable() -> None:
    found = compared(stated("85", scope="commitments of the reseller"), ledger_sum("85"))

    assert found.verdict is Verdict.NOT_COMPARABLE
    assert "commitments of the reseller" in found.reason
    assert scope_of("all charges without magic") is None


def test_a_bill_that_credits_bring_to_zero_is_offset() -> None:
    sums = [ledger_sum("100"), ledger_sum("-100", charge_category="Credit")]

    found = compared(stated("0"), *sums)

    assert found.verdict is Verdict.WITHIN
    assert found.amounts is not None
    assert found.amounts.offset
    assert not (compared(stated("0")).amounts or found.amounts).offset


def test_each_metric_is_compared_with_its_own() -> None:
    rows = ledger_sum("100", effective_cost=Decimal(80), list_cost=Decimal(120))
    totals = [stated("80", metric=CostMetric.EFFECTIVE), stated("120", metric=CostMetric.LIST)]

    report = reconcile([covered()], [rows], [*totals, stated("100")])

    assert [each.metric for each in report.comparisons] == ["billed_cost", "effective_cost",
                                                            "list_cost"]  # fmt: skip
    assert {each.verdict for each in report.comparisons} == {Verdict.WITHIN}


def test_an_unknown_cost_is_not_zero() -> None:
    sums = [ledger_sum("1", list_cost=Decimal(1)), ledger_sum("2", 2, list_cost=None)]

    found = compared(stated("1", metric=CostMetric.LIST), *sums)

    assert (found.verdict, found.ours, found.reason) == (
        Verdict.NOT_COMPARABLE,
        None,
        "Some of our rows do not know their list cost.",
    )

"""Totals of invoices, of sub accounts and of other sources beside our sums."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from skyclust.costs.reconciliation.reconciling import reconcile
from skyclust.costs.reconciliation.tolerance import Verdict
from tests.unit.costs.reconciliation.ledger import (
    ACCOUNT,
    EXPLORER,
    EXPORT,
    covered,
    ledger_sum,
    stated,
)


@pytest.mark.parametrize(
    ("invoice", "amount", "verdict"),
    [
        ("INV-1", "60", Verdict.WITHIN),
        ("INV-2", "41", Verdict.OUTSIDE),
        ("INV-3", "5", Verdict.OUTSIDE),
    ],
)
def test_an_invoice_is_compared_by_its_id(invoice: str, amount: str, verdict: Verdict) -> None:
    sums = [ledger_sum("60"), ledger_sum("40", 2, invoice_id="INV-2")]
    report = reconcile([covered()], sums, [stated("100"), stated(amount, invoice_id=invoice)])

    whole, found = sorted(report.comparisons, key=lambda each: each.invoice_id or "")
    assert (whole.verdict, found.verdict) == (Verdict.WITHIN, verdict)
    assert {each.invoice_id: each.billed.net for each in report.invoices} == {
        "INV-1": Decimal(60),
        "INV-2": Decimal(40),
    }


def test_rows_that_name_no_invoice_are_not_comparable_with_one() -> None:
    report = reconcile(
        [covered()], [ledger_sum("60", invoice_id=None)], [stated("60", invoice_id="INV-1")]
    )

    assert report.comparisons[0].verdict is Verdict.NOT_COMPARABLE
    assert report.comparisons[0].reason == "Our rows do not name their invoice."
    assert [each.invoice_id for each in report.invoices] == [None]


def test_another_source_of_the_account_may_state_the_total() -> None:
    report = reconcile([covered()], [ledger_sum("100")], [stated("100", source=EXPLORER)])

    (found,) = report.comparisons
    assert (found.verdict, found.source, found.stated_by) == (Verdict.WITHIN, EXPORT, EXPLORER)


def test_the_total_of_a_subscription_is_that_of_a_sub_account() -> None:
    subscription = "/subscriptions/AAAA-1"
    sums = [ledger_sum("60", sub_account_id=subscription), ledger_sum("40", 2)]
    total = stated("60", source="azure-query:main", billing_account_id="aaaa-1")

    report = reconcile([covered()], sums, [total])

    found = report.comparisons[0]
    assert (found.verdict, found.source, found.sub_account_id) == (
        Verdict.WITHIN,
        EXPORT,
        subscription,
    )


def test_a_shadow_without_a_source_that_counts_is_compared_with_its_own_total() -> None:
    shadow = covered(source=EXPLORER, shadow=True)
    rows = ledger_sum("60", source=EXPLORER)

    report = reconcile([shadow], [rows], [stated("60", source=EXPLORER)])

    (found,) = report.comparisons
    assert (found.verdict, found.source, found.shadow) == (Verdict.WITHIN, EXPLORER, True)
    assert report.shadows == ()


def test_accounts_and_periods_do_not_mix() -> None:
    other: dict[str, Any] = {"billing_account_id": "999999999999"}
    report = reconcile(
        [covered(), covered(**other)],
        [ledger_sum("60"), ledger_sum("5", **other)],
        [stated("60"), stated("5", **other)],
    )

    assert [(each.billing_account_id, each.ours) for each in report.comparisons] == [
        (ACCOUNT, Decimal(60)),
        ("999999999999", Decimal(5)),
    ]
    assert not report.partial

"""Totals of invoices, of sub accounts and of other sources beside our sums."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from skyclust.costs.reconciliation.reconciling import reconcile
from skyclust.costs.reconciliation.rows import in_order, telling
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


def test_totals_that_cannot_be_compared_are_left_out_beside_others() -> None:
    by_type = [stated("60", scope="record type Usage"), stated("40", scope="record type Tax")]
    report = reconcile([covered()], [ledger_sum("100")], [*by_type, stated("100")])
    assert [one.scope for one in telling(report.comparisons)] == ["all charges"]
    assert [one.verdict for one in in_order(report.comparisons)] == [
        Verdict.WITHIN,
        Verdict.NOT_COMPARABLE,
        Verdict.NOT_COMPARABLE,
    ]


def test_totals_of_which_none_can_be_compared_are_shown() -> None:
    report = reconcile([covered((1, 5))], [ledger_sum("100")], [stated("100"), stated("1")])
    assert len(telling(report.comparisons)) == 2
    assert all("No delivery claims" in one.reason for one in telling(report.comparisons))


def test_a_total_that_two_sources_state_is_compared_once() -> None:
    """The delivery of the export states it, and so does the credential that read the export."""
    both = [stated("100"), stated("100", source=EXPLORER)]
    report = reconcile([covered()], [ledger_sum("100")], both)
    assert len(report.comparisons) == 1
    differing = reconcile([covered()], [ledger_sum("100")], [*both, stated("70", source=EXPLORER)])
    assert [one.verdict for one in in_order(differing.comparisons)] == [
        Verdict.OUTSIDE,
        Verdict.WITHIN,
    ]

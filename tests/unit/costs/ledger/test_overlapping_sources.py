"""Two sources of the same costs under different billing accounts are never both counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from skyclust.contract.cost import BillingPeriod, CostDelivery
from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.coverage import AccountCoverage, coverage
from skyclust.costs.ledger.known_days import uncounted_sentences
from skyclust.costs.ledger.listing import list_deliveries
from skyclust.costs.ledger.ownership import set_authoritative
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.ledger.retracting import retract_delivery
from tests.unit.costs.bills import bill, days_of, delivery
from tests.unit.costs.ledger.ledgers import Ledger

OCTOBER = BillingPeriod(date(2025, 10, 1), date(2025, 11, 1))
NOVEMBER = BillingPeriod(date(2025, 11, 1), date(2025, 12, 1))

SUBSCRIPTION = "6f1b3c0e-0000-4000-8000-00000000000A"
ENROLLMENT = "/providers/Microsoft.Billing/billingAccounts/1234567"

PAIRS = {
    # The export's billing account and sub account, and those of the other source.
    "azure-export-and-query": (
        ("file:azure", ENROLLMENT, f"/subscriptions/{SUBSCRIPTION.lower()}"),
        (
            f"azure-cost-management:{SUBSCRIPTION}",
            f"/subscriptions/{SUBSCRIPTION}",
            f"/subscriptions/{SUBSCRIPTION}",
        ),
    ),
    "azure-export-with-plain-ids": (
        ("file:azure", ENROLLMENT, SUBSCRIPTION),
        (
            f"azure-cost-management:{SUBSCRIPTION}",
            f"/subscriptions/{SUBSCRIPTION}",
            f"/subscriptions/{SUBSCRIPTION}",
        ),
    ),
    "aws-export-and-cost-explorer-of-a-member": (
        ("aws-data-exports:bills/daily", "111111111111", "222222222222"),
        ("aws-cost-explorer:222222222222", "222222222222", "222222222222"),
    ),
    "aws-export-and-cost-explorer-of-the-payer": (
        ("aws-data-exports:bills/daily", "111111111111", "222222222222"),
        ("aws-cost-explorer:111111111111", "111111111111", "222222222222"),
    ),
    "gcp-table-and-imported-file": (
        ("gcp-billing-export:billing.focus", "01AB-CD", "shop-prod"),
        ("file:gcp", "01AB-CD", "shop-prod"),
    ),
    "gcp-file-that-names-its-reseller": (
        ("gcp-billing-export:billing.focus", "01AB-CD", "shop-prod"),
        ("file:gcp", "billingAccounts/reseller", "projects/shop-prod"),
    ),
}


@pytest.fixture(params=sorted(PAIRS))
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    return PAIRS[request.param]


def deliver(
    ledger: Ledger,
    side: tuple[str, str, str],
    period: BillingPeriod,
    *,
    to: int = 20,
    provider: str = "aws",
) -> bool:
    """Apply the first days of a month by a source; returns whether its rows are a shadow."""
    source, account, sub_account = side
    given: CostDelivery = replace(
        delivery(source=source, billing_account_id=account, period=period, provider=provider),
        complete_to=period.start.replace(day=to),
    )
    days = days_of(period)[: to - 1]
    rows = bill(days, period=period, account=account, sub_accounts=[sub_account])
    return ledger.apply(rows, given).shadow


def both_ways(ledger: Ledger) -> Decimal:
    """Return what is counted, by the rollups and by the files: they agree."""
    query = CostQuery(OCTOBER.start, NOVEMBER.end)
    frame = query_costs(ledger.store, ["default"], query, root=ledger.root)
    by_resource = replace(query, by=("resource",))
    rows = query_costs(ledger.store, ["default"], by_resource, root=ledger.root)
    total = sum(frame["billed_cost"], Decimal(0))
    assert sum(rows["billed_cost"], Decimal(0)) == total
    return total


def only(ledger: Ledger, *sources: str) -> Decimal:
    query = CostQuery(OCTOBER.start, NOVEMBER.end, sources=sources)
    frame = query_costs(ledger.store, ["default"], query, root=ledger.root)
    return sum(frame["billed_cost"], Decimal(0))


@pytest.mark.parametrize("export_first", [True, False])
def test_the_second_source_is_a_shadow(
    sqlite_ledger: Ledger, pair: tuple[Any, Any], export_first: bool
) -> None:
    ledger = sqlite_ledger
    first, second = pair if export_first else pair[::-1]
    assert not deliver(ledger, first, NOVEMBER)
    assert deliver(ledger, second, NOVEMBER)
    assert both_ways(ledger) == only(ledger, first[0]) > 0
    # Both deliver the next days, each as a newer delivery.
    assert not deliver(ledger, first, NOVEMBER, to=25)
    assert deliver(ledger, second, NOVEMBER, to=25)
    assert both_ways(ledger) == only(ledger, first[0])


def test_each_has_a_month_of_its_own_before_they_overlap(
    sqlite_ledger: Ledger, pair: tuple[Any, Any]
) -> None:
    """Both own their account when they first overlap: the month of the first one counts."""
    ledger = sqlite_ledger
    export, other = pair
    assert not deliver(ledger, export, OCTOBER)
    deliver(ledger, other, NOVEMBER)
    before = both_ways(ledger)
    same_account = export[1] == other[1]
    assert deliver(ledger, export, NOVEMBER) != same_account
    if same_account:  # the export owns it; the other source was a shadow from the begin
        assert both_ways(ledger) == only(ledger, export[0])
        return
    assert both_ways(ledger) == before
    assert deliver(ledger, other, OCTOBER)
    assert both_ways(ledger) == before


def test_a_choice_lets_the_other_give_way_and_a_retraction_count_again(
    ledger: Ledger, pair: tuple[Any, Any]
) -> None:
    export, other = pair
    deliver(ledger, other, NOVEMBER)
    assert deliver(ledger, export, NOVEMBER)
    set_authoritative(ledger.store, "default", export[1], export[0], requested_by="user:1")
    assert both_ways(ledger) == only(ledger, export[0])
    assert deliver(ledger, other, NOVEMBER, to=25)
    if export[1] == other[1]:
        return
    listed = list_deliveries(ledger.store, "default", limit=10).deliveries
    [mine] = [one for one in listed if one.source == export[0]]
    retract_delivery(
        ledger.store, "default", mine.delivery_id, requested_by="user:1", root=ledger.root
    )
    assert both_ways(ledger) == only(ledger, other[0]) > 0


def test_sub_accounts_that_nobody_else_has_count_beside(sqlite_ledger: Ledger) -> None:
    ledger = sqlite_ledger
    (source, account, _), other = PAIRS["azure-export-and-query"]
    deliver(ledger, other, NOVEMBER)
    assert not deliver(ledger, (source, account, "/subscriptions/another"), NOVEMBER)
    assert both_ways(ledger) == only(ledger, source, other[0])


HOSTERS = ("file:a", "hoster-a", "default"), ("file:b", "hoster-b", "tenants/Default")


def accounts(ledger: Ledger) -> dict[str, AccountCoverage]:
    found = coverage(ledger.store, "default", OCTOBER.start, NOVEMBER.end)
    return {one.source: one for one in found}


@pytest.mark.parametrize("providers", [("hoster-a", "hoster-b"), ("unknown", "aws")])
def test_equal_ids_of_two_providers_are_different_sub_accounts(
    ledger: Ledger, providers: tuple[str, str]
) -> None:
    for _ in range(2):  # each again, when the other one counts
        for side, provider in zip(HOSTERS, providers, strict=True):
            assert not deliver(ledger, side, NOVEMBER, provider=provider)
    assert both_ways(ledger) == only(ledger, "file:a", "file:b")
    for source, account, _ in HOSTERS:
        set_authoritative(ledger.store, "default", account, source, requested_by="user:1")
        assert both_ways(ledger) == only(ledger, "file:a", "file:b")
    assert [one.not_counted for one in accounts(ledger).values()] == [(), ()]


@pytest.mark.parametrize("provider", ["hoster-a", "unknown"])
def test_equal_ids_of_one_provider_or_of_unknown_ones_are_a_shadow_that_names_its_reason(
    sqlite_ledger: Ledger, provider: str
) -> None:
    for side in HOSTERS:
        deliver(sqlite_ledger, side, NOVEMBER, provider=provider)
    source, account, sub_account = HOSTERS[1]
    given = delivery(
        source=source,
        billing_account_id=account,
        period=NOVEMBER,
        provider=provider,
        fingerprint="known",
    )
    rows = bill(days_of(NOVEMBER), period=NOVEMBER, account=account, sub_accounts=[sub_account])
    for state in ("applied", "unchanged"):
        result = sqlite_ledger.apply(rows, given)
        assert (result.state, result.shadow) == (state, True)
        assert result.shadow_reason == (
            "Shadow, not counted: file:a of hoster-a counts, and has the same days of sub account"
            " default."
        )
    # The first 19 days are in the sum, by the other account; the others nowhere.
    missing = tuple(days_of(NOVEMBER)[19:])
    assert accounts(sqlite_ledger)[source].not_counted == missing
    assert uncounted_sentences([*accounts(sqlite_ledger).values()], *missing[::5][:2]) == [
        "hoster-b (file:b) is a shadow: its costs of 5 days are in no sum, and no source that"
        " counts has them, 2025-11-20 to 2025-11-24."
    ]


def test_one_shared_sub_account_leaves_the_others_of_a_shadow_in_no_sum(
    sqlite_ledger: Ledger,
) -> None:
    """The whole period is a shadow for one sub account: what else it has is named."""
    ledger = sqlite_ledger
    deliver(ledger, HOSTERS[0], NOVEMBER, provider="hoster")
    assert accounts(ledger)["file:a"].not_counted == ()
    source, account, _ = HOSTERS[1]
    given = delivery(source=source, billing_account_id=account, period=NOVEMBER, provider="hoster")
    rows = bill(
        days_of(NOVEMBER)[:3], period=NOVEMBER, account=account, sub_accounts=["default", "more"]
    )
    assert ledger.apply(rows, given).shadow
    assert accounts(ledger)[source].not_counted == tuple(days_of(NOVEMBER)[:3])
    # A second source of the same account is compared with the first: nothing is missing.
    again = ("file:again", *HOSTERS[0][1:])
    assert deliver(ledger, again, NOVEMBER, provider="hoster")
    assert accounts(ledger)["file:again"].not_counted == ()
    # One of another provider, whose account has the same id by chance, is.
    assert deliver(ledger, ("file:other", *HOSTERS[0][1:]), NOVEMBER, provider="other")
    assert len(accounts(ledger)["file:other"].not_counted) == 19


def test_estimates_that_nobody_counts_are_named(sqlite_ledger: Ledger) -> None:
    assert sqlite_ledger.apply(bill(), delivery(shadow=True)).shadow
    [account] = coverage(sqlite_ledger.store, "default", date(2026, 1, 1), date(2026, 2, 1))
    assert account.not_counted == account.days_with_rows
    assert not account.authoritative

"""The brake, ownership, coverage and retraction."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from skyclust.contract.cost import BillingPeriod
from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.coverage import coverage
from skyclust.costs.ledger.delivering import DeliveryState
from skyclust.costs.ledger.listing import explain_delivery, find_delivery, list_deliveries
from skyclust.costs.ledger.ownership import set_authoritative
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.ledger.retracting import retract_delivery
from skyclust.errors import BrakeEngaged, InvalidRequest, NotFound
from skyclust.store import audit, cost_accounts
from tests.unit.costs.bills import (
    ACCOUNT,
    JANUARY,
    PRODUCED,
    SOURCE,
    bill,
    changed,
    days_of,
    delivery,
)
from tests.unit.costs.ledger.ledgers import Ledger

DAYS = days_of(JANUARY)[:10]
LATER = PRODUCED + timedelta(hours=1)
TODAY = datetime.now(UTC).date()
OPEN = BillingPeriod(TODAY.replace(day=1), (TODAY.replace(day=1) + timedelta(31)).replace(day=1))


def test_the_brake_stops_what_would_remove_most_of_a_closed_period(ledger: Ledger) -> None:
    ledger.apply(bill())
    before, files = ledger.contents(), ledger.files()
    for rows in (bill(DAYS[:4]), bill(rows=5), bill([])):
        with pytest.raises(BrakeEngaged, match="Nothing was changed"):
            ledger.apply(rows, delivery(produced_at=LATER))
    assert (ledger.contents(), ledger.files()) == (before, files)
    cheap = changed(bill(), "BilledCost", [Decimal("0.01")] * 120)
    with pytest.raises(BrakeEngaged, match="of the billed cost in USD"):
        ledger.apply(cheap, delivery(produced_at=LATER))
    assert ledger.apply(bill(DAYS[:6]), delivery(produced_at=LATER)).days_withdrawn == (*DAYS[6:],)
    gone = ledger.apply(
        [], delivery(produced_at=LATER + timedelta(hours=1)), allow_mass_withdrawal=True
    )
    assert len(gone.days_withdrawn) == 6


def test_an_open_period_may_shrink_but_not_to_nothing(sqlite_ledger: Ledger) -> None:
    ledger = sqlite_ledger
    first = delivery(period=OPEN)
    ledger.apply(bill(days_of(OPEN)[:4], period=OPEN), first)
    later = delivery(period=OPEN, produced_at=LATER)
    with pytest.raises(BrakeEngaged, match="has no rows"):
        ledger.apply([], later)
    ledger.apply(bill(days_of(OPEN)[:1], period=OPEN), later)
    final = delivery(period=OPEN, produced_at=LATER + timedelta(1), provisional=False)
    ledger.apply(bill(days_of(OPEN)[:4], period=OPEN), final)
    with pytest.raises(BrakeEngaged):
        ledger.apply(
            bill(days_of(OPEN)[:1], period=OPEN),
            delivery(period=OPEN, produced_at=LATER + timedelta(2)),
        )


def test_a_second_source_of_an_account_is_a_shadow_until_it_is_chosen(ledger: Ledger) -> None:
    ledger.apply(bill(seed=1))
    other = delivery(source="cost-explorer:production", shadow=True)
    assert ledger.apply(bill(seed=2), other).shadow
    csv = delivery(source="csv:january")
    second = ledger.apply(bill(seed=3), csv)
    assert second.shadow
    assert SOURCE in second.remarks[0]
    assert {key[0] for key in ledger.contents()} == {SOURCE}
    assert len(ledger.contents(shadows=True)) == 30

    def cost(**given: list[str]) -> Decimal:
        query = CostQuery(JANUARY.start, JANUARY.end, **given)  # type: ignore[arg-type]  # sources
        return sum(
            query_costs(ledger.store, ["default"], query, root=ledger.root)["effective_cost"],
            Decimal(0),
        )

    theirs = cost(sources=["csv:january"])
    assert cost() != theirs
    set_authoritative(ledger.store, "default", ACCOUNT, "csv:january", requested_by="user:1")
    assert cost() == theirs
    assert {key[0] for key in ledger.contents()} == {"csv:january"}
    with ledger.store.reading() as connection:
        assert audit.list_all(connection, "default")[-1].action == "cost.choose-source"
    with pytest.raises(NotFound):
        set_authoritative(ledger.store, "default", ACCOUNT, "nobody", requested_by="user:1")


def test_the_same_sub_account_by_another_source_is_not_counted_twice(ledger: Ledger) -> None:
    ledger.apply(bill(sub_accounts=["sub-a", "sub-b"]))
    member = delivery(source="aws-data-exports:member", billing_account_id="sub-b")
    result = ledger.apply(bill(account="sub-b", sub_accounts=["sub-b"]), member)
    assert result.shadow
    assert "sub-b" in result.remarks[0]
    apart = delivery(source="aws-data-exports:apart", billing_account_id="apart")
    assert not ledger.apply(bill(account="apart", sub_accounts=["sub-z"]), apart).shadow
    assert {key[1] for key in ledger.contents()} == {ACCOUNT, "apart"}


def test_an_estimate_alone_counts_nothing(sqlite_ledger: Ledger) -> None:
    assert sqlite_ledger.apply(bill(), delivery(shadow=True)).shadow
    assert sqlite_ledger.contents() == {}


def test_coverage_distinguishes_a_gap_from_a_day_without_charges(sqlite_ledger: Ledger) -> None:
    ledger = sqlite_ledger
    ledger.apply(bill(DAYS[:3]), delivery(complete_to=DAYS[5]))
    [account] = coverage(ledger.store, "default", DAYS[0], DAYS[7])
    assert account.authoritative
    assert account.days_with_rows == (*DAYS[:3],)
    assert account.days_empty == (*DAYS[3:5],)
    assert account.gaps == (*DAYS[5:7],)
    assert [(one.provisional, one.produced_at) for one in account.periods] == [(True, PRODUCED)]
    [later] = coverage(ledger.store, "default", date(2026, 3, 1), date(2026, 3, 3))
    assert later.gaps == (date(2026, 3, 1), date(2026, 3, 2))


def test_a_retraction_gives_the_days_back_what_they_had(ledger: Ledger) -> None:
    ledger.apply(bill(seed=1))
    before, rollups = ledger.contents(), ledger.rollups()
    second = ledger.apply(bill(DAYS[:8], seed=2), delivery(produced_at=LATER, fingerprint="b"))
    assert second.delivery_id
    done = retract_delivery(
        ledger.store, "default", second.delivery_id[:8], requested_by="user:1", root=ledger.root
    )
    assert (len(done.days_restored), done.days_emptied) == (10, ())
    assert ledger.contents() == before
    assert ledger.rollups() == rollups
    with pytest.raises(InvalidRequest, match="retracted already"):
        retract_delivery(
            ledger.store, "default", second.delivery_id, requested_by="user:1", root=ledger.root
        )
    again = delivery(produced_at=LATER, fingerprint="b")
    assert ledger.apply(bill(DAYS[:8], seed=2), again).state is DeliveryState.RETRACTED
    assert ledger.contents() == before
    forced = ledger.apply(bill(DAYS[:8], seed=2), again, apply_retracted=True)
    assert forced.state is DeliveryState.APPLIED
    assert len(ledger.contents()) == 8


def test_retractions_in_any_order_leave_what_the_rest_delivered(sqlite_ledger: Ledger) -> None:
    ledger = sqlite_ledger
    ids = []
    ledger.apply(bill(seed=1))
    first = ledger.contents()
    for seed in (2, 3):
        result = ledger.apply(bill(seed=seed), delivery(produced_at=LATER + timedelta(seed)))
        ids.append(result.delivery_id or "")
    third = ledger.contents()
    unchanged = ledger.apply(bill(seed=3), delivery(produced_at=LATER + timedelta(9)))
    for number, delivery_id in enumerate((*ids, unchanged.delivery_id or "")):
        retract_delivery(
            ledger.store, "default", delivery_id, requested_by="user:1", root=ledger.root
        )
        assert ledger.contents() == (third if number < 2 else first)


def test_the_first_delivery_retracted_leaves_nothing_and_nobody(sqlite_ledger: Ledger) -> None:
    ledger = sqlite_ledger
    wrong = ledger.apply(bill())
    done = retract_delivery(
        ledger.store, "default", wrong.delivery_id or "", requested_by="user:1", root=ledger.root
    )
    assert done.days_emptied == (*DAYS,)
    assert (ledger.contents(), ledger.rollups()) == ({}, ([], []))
    with ledger.store.reading() as connection:
        assert cost_accounts.list_all(connection, "default") == []
    right = ledger.apply(bill(seed=2), delivery(source="csv:right"))
    assert not right.shadow


def test_deliveries_are_listed_page_by_page_and_found_by_short_id(ledger: Ledger) -> None:
    ids = [
        ledger.apply(bill(DAYS[:1]), delivery(produced_at=PRODUCED + timedelta(number))).delivery_id
        for number in range(3)
    ]
    first = list_deliveries(ledger.store, "default", limit=2)
    second = list_deliveries(ledger.store, "default", limit=2, cursor=first.next_cursor)
    listed = [one.delivery_id for one in (*first.deliveries, *second.deliveries)]
    assert listed == ids[::-1]
    assert second.next_cursor is None
    explained = explain_delivery(ledger.store, "default", (ids[0] or "")[:8])
    assert [one.charge_day for one in explained.current] == [DAYS[0]]
    assert list_deliveries(ledger.store, "default", source="other").deliveries == []
    with pytest.raises(InvalidRequest, match="too short"):
        find_delivery(ledger.store, "default", "a")
    with pytest.raises(NotFound):
        find_delivery(ledger.store, "default", "zzzz")

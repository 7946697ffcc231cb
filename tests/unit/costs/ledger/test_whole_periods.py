"""A claim of a whole billing period covers the days outside of it that the period has rows of."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow.compute as pc
import pytest

from skyclust.contract.cost import BillingPeriod
from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.coverage import coverage
from skyclust.costs.ledger.delivering import DeliveryState
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.ledger.retracting import retract_delivery
from skyclust.errors import InvalidRequest
from tests.unit.costs.bills import bill, delivery
from tests.unit.costs.ledger.ledgers import Ledger

JULY = BillingPeriod(date(2026, 7, 1), date(2026, 8, 1))
AUGUST = BillingPeriod(date(2026, 8, 1), date(2026, 9, 1))
LAST = date(2026, 7, 31)
DAYS = [LAST, date(2026, 8, 1), date(2026, 8, 2)]
PRODUCED = datetime(2026, 9, 3, tzinfo=UTC)
LATER = PRODUCED + timedelta(hours=1)


def test_usage_of_july_that_august_invoices_counts_once(ledger: Ledger) -> None:
    july, august = bill([LAST], seed=1, period=JULY), bill(DAYS, seed=2, period=AUGUST)
    ledger.apply(july, delivery(period=JULY, produced_at=PRODUCED))
    ledger.apply(august, delivery(period=AUGUST, produced_at=PRODUCED))
    ledger.apply(august, delivery(period=AUGUST, produced_at=LATER))
    expected = sum(
        (
            pc.sum(
                rows.filter(pc.equal(rows["ChargePeriodStart"].cast("date32", safe=False), LAST))[
                    "EffectiveCost"
                ]
            ).as_py()
            for rows in (july, august)
        ),
        Decimal(0),
    )
    query = CostQuery(LAST, DAYS[1])
    [cost] = query_costs(ledger.store, ["default"], query, root=ledger.root)["effective_cost"]
    assert cost == expected


def test_a_refund_of_an_earlier_month_that_is_no_longer_delivered_is_withdrawn(
    ledger: Ledger,
) -> None:
    early = date(2026, 5, 17)
    ledger.apply(bill([early, *DAYS], period=AUGUST), delivery(period=AUGUST, produced_at=PRODUCED))
    assert {key[3] for key in ledger.contents()} == {early, *DAYS}
    result = ledger.apply(bill(DAYS, period=AUGUST), delivery(period=AUGUST, produced_at=LATER))
    assert result.days_withdrawn == (early,)
    assert {key[3] for key in ledger.contents()} == {*DAYS}
    retract_delivery(
        ledger.store, "default", result.delivery_id or "", requested_by="user:1", root=ledger.root
    )
    assert {key[3] for key in ledger.contents()} == {early, *DAYS}


def test_a_claim_of_a_part_of_the_period_covers_no_other_day(sqlite_ledger: Ledger) -> None:
    ledger = sqlite_ledger
    ledger.apply(bill(DAYS, period=AUGUST), delivery(period=AUGUST, produced_at=PRODUCED))
    before = ledger.contents()
    part = delivery(period=AUGUST, complete_from=DAYS[1], complete_to=DAYS[2], produced_at=LATER)
    with pytest.raises(InvalidRequest, match="rows of 2026-07-31, and claims only 2026-08-01"):
        ledger.apply(bill(DAYS[:2], period=AUGUST), part)
    assert ledger.contents() == before
    withdrawn = ledger.apply([], part, allow_mass_withdrawal=True)
    assert withdrawn.days_withdrawn == (DAYS[1],)
    assert {key[3] for key in ledger.contents()} == {LAST, DAYS[2]}


def test_an_older_claim_of_the_whole_period_fills_what_newer_parts_left(
    sqlite_ledger: Ledger,
) -> None:
    """Every day of the month is decided by newer daily deliveries: the refund before it is not."""
    ledger = sqlite_ledger
    daily = delivery(
        period=AUGUST, complete_from=AUGUST.start, complete_to=date(2026, 8, 31), produced_at=LATER
    )
    last = delivery(
        period=AUGUST, complete_from=date(2026, 8, 31), complete_to=AUGUST.end, produced_at=LATER
    )
    ledger.apply(bill(DAYS[1:], seed=2, period=AUGUST), daily)
    ledger.apply([], last)
    newer = ledger.contents()
    whole = delivery(period=AUGUST, produced_at=PRODUCED)
    result = ledger.apply(bill(DAYS, seed=1, period=AUGUST), whole)
    assert (result.state, result.days_written) == (DeliveryState.APPLIED, (LAST,))
    assert newer.items() <= ledger.contents().items()


def test_a_month_that_is_claimed_ahead_is_not_covered_ahead(sqlite_ledger: Ledger) -> None:
    ledger = sqlite_ledger
    today = datetime(2026, 8, 3, 5, tzinfo=UTC)
    ledger.apply(bill(DAYS, period=AUGUST), delivery(period=AUGUST, produced_at=today))
    [account] = coverage(ledger.store, "default", AUGUST.start, date(2026, 8, 6))
    assert account.days_with_rows == (*DAYS[1:],)
    assert account.days_empty == (today.date(),)
    assert account.gaps == (date(2026, 8, 4), date(2026, 8, 5))

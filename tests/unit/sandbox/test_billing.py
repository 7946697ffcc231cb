"""The bill of a sandbox cloud adds up, and is the same in every run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.billing.catalog import Catalog, Meter, Service
from skyclust_sandbox.billing.resources import BilledKind, BilledResource
from skyclust_sandbox.billing.rows import COLUMNS, Charge

NOW = datetime(2026, 3, 18, 9, tzinfo=UTC)
LAST_CLOSED = date(2026, 2, 1)


@pytest.fixture(scope="module")
def bill() -> Bill:
    return new_bill()


def new_bill(carried_over_days: int = 0) -> Bill:
    services = {
        meter: Service(meter.value, "Compute", "Virtual Machines", "Hours", Decimal("0.25"))
        for meter in Meter
    }
    catalog = Catalog("Cloud", "Cloud", "account-1", "Main", services)
    created = NOW - timedelta(days=400)
    resources = [
        BilledResource(
            f"i-{number}",
            BilledKind.INSTANCE,
            "large",
            "north" if number % 4 else "south",
            created,
            tags={"environment": "development"} if number % 2 else {},
            public=number < 3,
            stopped_at=NOW - timedelta(days=40) if number == 9 else None,
        )
        for number in range(12)
    ]
    resources += [
        BilledResource(f"d-{number}", BilledKind.DISK, "ssd", "north", created, size_gb=100)
        for number in range(4)
    ]
    resources.append(BilledResource("a-1", BilledKind.ADDRESS, "ip", "north", created))
    return Bill(catalog, resources, NOW.date(), carried_over_days=carried_over_days)


def total(charges: Sequence[Charge], status: str | None = None) -> Decimal:
    return sum(
        (
            charge.effective_cost
            for charge in charges
            if status is None or charge.common["CommitmentDiscountStatus"] == status
        ),
        Decimal(0),
    )


def test_the_same_estate_has_the_same_bill(bill: Bill) -> None:
    again = new_bill()
    for period in bill.periods():
        assert list(bill.rows(period)) == list(again.rows(period))


def test_rows_have_all_columns_and_add_up_to_the_totals(bill: Bill) -> None:
    for period in bill.periods():
        rows = list(bill.rows(period))
        assert {tuple(row) for row in rows} == {COLUMNS}
        for column in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"):
            assert sum(Decimal(str(row[column])) for row in rows) == bill.total(
                period, column=column
            )


def test_used_and_unused_commitment_is_what_was_purchased(bill: Bill) -> None:
    charges = bill.charges(LAST_CLOSED)
    used, unused = total(charges, "Used"), total(charges, "Unused")
    purchased = [
        charge.billed_cost
        for charge in charges
        if charge.common["ChargeCategory"] == "Purchase" and charge.common["CommitmentDiscountId"]
    ]
    assert used > unused > 0
    assert [used + unused] == purchased


def test_first_publication_lacks_one_day(bill: Bill) -> None:
    period = date(2026, 3, 1)
    daily = {
        charge.start
        for charge in bill.charges(period, Publication.LATE_DAY)
        if charge.common["SkuMeter"] == Meter.DISK
    }
    first = {charge.start for charge in bill.charges(period, Publication.FIRST)}
    assert daily - first == {bill.late_day}


def test_restatement_changes_the_last_closed_month_only(bill: Bill) -> None:
    changed = [
        period
        for period in bill.periods()
        if bill.total(period, Publication.LATE_DAY) != bill.total(period, Publication.RESTATED)
    ]
    assert changed == [LAST_CLOSED]
    before, after = (
        {charge.common["ResourceId"] for charge in bill.charges(LAST_CLOSED, publication)}
        for publication in (Publication.LATE_DAY, Publication.RESTATED)
    )
    assert before - after == {"a-1"}


def test_every_kind_of_charge_occurs(bill: Bill) -> None:
    rows = [row for period in bill.periods() for row in bill.rows(period)]
    assert {row["ChargeCategory"] for row in rows} == {"Usage", "Purchase", "Tax", "Credit"}
    assert sum(row["ChargeClass"] == "Correction" for row in rows) == 1
    assert any(row["Tags"] is None for row in rows)
    assert all(row["BilledCost"] < 0 for row in rows if row["ChargeCategory"] == "Credit")  # type: ignore[operator]  # amounts are Decimal


def test_a_stopped_instance_is_billed_until_it_stopped(bill: Bill) -> None:
    last = max(
        charge.start
        for period in bill.periods()
        for charge in bill.charges(period)
        if charge.common["ResourceId"] == "i-9"
    )
    assert last <= (NOW - timedelta(days=40)).date()


def test_egress_is_many_times_the_usual_at_the_spike(bill: Bill) -> None:
    by_day = {
        charge.start: charge.list_cost
        for period in bill.periods()
        for charge in bill.charges(period)
        if charge.common["SkuMeter"] == Meter.EGRESS and charge.common["ResourceId"] == "i-0"
    }
    usual = sorted(by_day.values())[len(by_day) // 2]
    assert {day for day, amount in by_day.items() if amount > 10 * usual} == {
        bill.spike_day + timedelta(days=number) for number in range(3)
    }


def test_carried_over_usage_is_invoiced_once_in_the_month_after() -> None:
    bill, carrying = new_bill(), new_bill(carried_over_days=1)
    late = [
        charge
        for charge in carrying.charges(date(2026, 3, 1))
        if charge.start == date(2026, 2, 28) and charge.common["SkuMeter"] == Meter.EGRESS
    ]
    assert len(late) == 3
    usage = [
        sum(
            charge.list_cost
            for period in one.periods()
            for charge in one.charges(period, Publication.LATE_DAY)
            if charge.common["SkuMeter"] == Meter.EGRESS and not charge.correction
        )
        for one in (bill, carrying)
    ]
    assert usage[0] == usage[1]

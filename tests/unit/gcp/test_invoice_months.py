"""What an invoice month contains: its days, its newest export, its sums, and its fingerprint."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from providers.gcp.billing_table import Column, parse_table_name
from providers.gcp.costs import CLOSING_DAYS, GROSS, to_delivery, to_totals
from providers.gcp.invoice_months import InvoiceMonth, fingerprint, to_months
from skyclust.contract import CostMetric
from skyclust.errors import UnexpectedAnswer

COLUMNS = [Column("BilledCost", "NUMERIC"), Column("BillingAccountType", "STRING")]
TABLE = parse_table_name("acme-billing.costs.gcp_billing_export_focus_010101")


def row(**values: object) -> dict[str, Any]:
    """Return a row of the query of periods, for August and one currency."""
    return {
        "BillingAccountId": "010101-F0FFF0-61C528",
        "BillingCurrency": "EUR",
        "invoice_year": 2026,
        "invoice_month": 8,
        "row_count": 3,
        "first_charge": datetime(2026, 7, 31, 23, tzinfo=UTC),
        "last_charge": datetime(2026, 8, 30, 5, tzinfo=UTC),
        "exported_at": datetime(2026, 9, 2, 3, 4, 5, 678901, tzinfo=UTC),
        "billed_cost": Decimal("10.50"),
        "effective_cost": Decimal("9"),
        **values,
    }


def month(**values: object) -> InvoiceMonth:
    """Return the month of one row."""
    [only] = to_months([row(**values)])
    return only


def test_a_delivery_claims_its_month_and_the_days_of_charges_outside_of_it() -> None:
    found = month()
    delivery = to_delivery(TABLE, COLUMNS, found, rows_of(found), datetime(2026, 9, 3, tzinfo=UTC))
    assert (delivery.complete_from, delivery.complete_to) == (date(2026, 7, 31), date(2026, 9, 1))
    assert str(delivery.period) == "2026-08"
    assert delivery.produced_at == found.exported_at
    assert delivery.focus_version == "1.2"
    assert {(total.metric, total.amount) for total in delivery.totals} == {
        (CostMetric.BILLED, Decimal("10.50")),
        (CostMetric.EFFECTIVE, Decimal(9)),
    }


def test_the_last_hours_of_a_month_in_pacific_time_are_claimed() -> None:
    found = month(last_charge=datetime(2026, 9, 1, 6, tzinfo=UTC))
    delivery = to_delivery(TABLE, COLUMNS, found, rows_of(found), datetime(2026, 9, 3, tzinfo=UTC))
    assert delivery.complete_to == date(2026, 9, 2)
    assert str(delivery.period) == "2026-08"


def rows_of(_: InvoiceMonth) -> Any:
    """Return no reader: these tests read no rows."""
    return None


def test_a_month_is_provisional_until_its_invoice_is_made() -> None:
    closed = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(days=CLOSING_DAYS)
    found = month()
    before = to_delivery(TABLE, COLUMNS, found, rows_of(found), closed - timedelta(seconds=1))
    after = to_delivery(TABLE, COLUMNS, found, rows_of(found), closed)
    assert (before.provisional, after.provisional) == (True, False)


def test_two_currencies_are_one_delivery_and_are_never_added() -> None:
    dollars = row(
        BillingCurrency="USD",
        row_count=4,
        first_charge=datetime(2026, 8, 2, tzinfo=UTC),
        last_charge=datetime(2026, 8, 31, 23, tzinfo=UTC),
        billed_cost=None,
    )
    [found] = to_months([row(), dollars])
    assert found.row_count == 7
    assert (found.first_day, found.last_day) == (date(2026, 7, 31), date(2026, 8, 31))
    assert found.sums["EUR"] == (Decimal("10.50"), Decimal(9))
    assert found.sums["USD"] == (None, Decimal(9))
    delivery = to_delivery(TABLE, COLUMNS, found, rows_of(found), datetime.now(UTC))
    assert sorted(total.currency for total in delivery.totals) == ["EUR", "EUR", "USD"]


@pytest.mark.parametrize(
    "change",
    [
        {"row_count": 4},
        {"billed_cost": Decimal("10.500000001")},
        {"billed_cost": None},
        {"exported_at": datetime(2026, 9, 2, 3, 4, 5, 678902, tzinfo=UTC)},
        {"BillingCurrency": "USD"},
        {"BillingAccountId": "020202"},
    ],
)
def test_every_change_of_a_month_changes_its_fingerprint(change: dict[str, object]) -> None:
    assert fingerprint(COLUMNS, month(**change)) != fingerprint(COLUMNS, month())


def test_the_fingerprint_knows_the_columns_and_not_the_scale() -> None:
    more = [*COLUMNS, Column("x_New", "STRING")]
    assert fingerprint(more, month()) != fingerprint(COLUMNS, month())
    rescaled = month(billed_cost=Decimal("10.5000"))
    assert fingerprint(COLUMNS, rescaled) == fingerprint(COLUMNS, month())


@pytest.mark.parametrize(
    "odd",
    [
        {"BillingAccountId": None},
        {"BillingCurrency": None},
        {"row_count": None},
        {"exported_at": None},
        {"first_charge": "2026"},
    ],
)
def test_a_month_that_cannot_be_placed_is_refused(odd: dict[str, object]) -> None:
    with pytest.raises(UnexpectedAnswer):
        month(**odd)


def test_totals_of_null_are_left_out_and_those_of_zero_are_not() -> None:
    read_at = datetime(2026, 9, 3, tzinfo=UTC)
    sums = {"tax": Decimal(0), "credits": Decimal(-2)}
    known = {(t.scope, t.metric): t.amount for t in to_totals(row(**sums), read_at)}
    assert known["tax", CostMetric.BILLED] == 0
    assert known[GROSS, CostMetric.BILLED] == Decimal("12.50")
    days = {(t.start, t.end) for t in to_totals(row(**sums), read_at)}
    assert days == {(date(2026, 7, 31), date(2026, 8, 31))}
    unknown = [t.metric for t in to_totals(row(**sums, billed_cost=None), read_at)]
    assert unknown.count(CostMetric.EFFECTIVE) == 1
    assert len(unknown) == 3

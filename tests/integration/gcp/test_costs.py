"""Costs from the sandbox's billing export in BigQuery, read with Google's own library."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from providers.gcp.costs import CREDITS, GROSS, TAXES
from skyclust.contract import ALL_CHARGES, CostMetric, FocusRow
from skyclust.errors import (
    Conflict,
)
from tests.fixtures.focus_values import assert_values_of_focus
from tests.fixtures.gcp import GcpSandbox
from tests.integration.gcp.billing import (
    LAST_MONTH,
    THIS_MONTH,
    TODAY,
    billed_cost,
    deliveries,
    generated,
    provider_of,
    rows_of,
)

pytestmark = pytest.mark.integration


@pytest.mark.slow
def test_rows_and_totals_of_the_estate_are_those_of_the_generator(gcp_estate: GcpSandbox) -> None:
    provider = provider_of(gcp_estate)
    oldest = min(date.fromisoformat(day["month"]) for day in gcp_estate.billing_days())
    [delivery, *_] = deliveries(provider, oldest)
    assert delivery.period.start == oldest
    assert billed_cost(rows_of(delivery)) == generated(gcp_estate, oldest)
    for total in provider.cost_totals(oldest, TODAY):
        if (total.metric, total.scope) == (CostMetric.BILLED, ALL_CHARGES):
            assert total.amount == generated(gcp_estate, total.period.start)


def test_a_row_has_the_names_the_numbers_and_the_tags_of_focus(billed: GcpSandbox) -> None:
    [delivery, _] = deliveries(provider_of(billed))
    assert (delivery.provider, delivery.focus_version) == ("gcp", "1.2")
    row = next(row for row in rows_of(delivery) if row["ResourceName"] == "sample-1")
    assert row["BillingAccountId"] == delivery.billing_account_id == "01A2B3-4C5D6E-7F8A9B"
    assert row["BillingPeriodStart"] == datetime(LAST_MONTH.year, LAST_MONTH.month, 1, tzinfo=UTC)
    assert isinstance(row["ListUnitPrice"], Decimal)
    assert row["Tags"] == {"environment": "development", "owner": "finance", "team": "search"}
    assert row["SubAccountId"] == "sandbox-project"
    assert '"Number": "415926535897"' in str(row["x_Project"])
    assert row["ChargeClass"] is None
    for each in deliveries(provider_of(billed)):
        assert_values_of_focus(rows_of(each))


def test_usage_of_the_last_day_is_in_the_next_invoice_and_counts_once(billed: GcpSandbox) -> None:
    last_day = THIS_MONTH - timedelta(days=1)
    before, current = deliveries(provider_of(billed))
    assert current.complete_from == last_day
    assert before.complete_to == THIS_MONTH
    by_invoice = {
        delivery.period.start: [row for row in rows_of(delivery) if _day(row) == last_day]
        for delivery in (before, current)
    }
    assert {row["ServiceName"] for row in by_invoice[THIS_MONTH]} == {"Networking"}
    egress = [str(row["ChargeDescription"]) for row in by_invoice[LAST_MONTH]]
    assert egress
    assert not [text for text in egress if "egress" in text]
    of_the_day = [
        Decimal(day["billed_cost"])
        for day in billed.billing_days()
        if day["day"] == last_day.isoformat()
    ]
    assert billed_cost([*by_invoice[LAST_MONTH], *by_invoice[THIS_MONTH]]) == sum(of_the_day)


def _day(row: FocusRow) -> date:
    start = row["ChargePeriodStart"]
    assert isinstance(start, datetime)
    return start.date()


def test_what_is_published_later_changes_the_fingerprint_of_its_month_alone(
    billed: GcpSandbox,
) -> None:
    provider = provider_of(billed)
    first = deliveries(provider)
    assert [d.fingerprint for d in deliveries(provider)] == [d.fingerprint for d in first]
    billed.publish_next_bill()
    late = deliveries(provider)
    changed = [
        old.period
        for old, new in zip(first, late, strict=True)
        if old.fingerprint != new.fingerprint
    ]
    assert changed == [late[-1].period]
    assert late[-1].produced_at > first[-1].produced_at
    assert billed_cost(rows_of(late[-1])) == generated(billed, THIS_MONTH)
    billed.publish_next_bill()
    restated = deliveries(provider)
    assert restated[0].fingerprint != late[0].fingerprint
    rows = list(rows_of(restated[0]))
    assert billed_cost(rows) == generated(billed, LAST_MONTH)
    assert "Correction" in {row["ChargeClass"] for row in rows}


def test_a_delivery_is_what_it_was_when_it_was_listed(billed: GcpSandbox) -> None:
    listed = deliveries(provider_of(billed))[-1]
    amount = generated(billed, THIS_MONTH)
    billed.publish_next_bill()
    assert generated(billed, THIS_MONTH) != amount
    assert billed_cost(rows_of(listed)) == amount


def test_rows_that_vanish_between_listing_and_reading_are_noticed(billed: GcpSandbox) -> None:
    [listed, _] = deliveries(provider_of(billed))
    billed.bill_sample(1)
    with pytest.raises(Conflict, match="were counted"):
        list(rows_of(listed))


def test_gross_credits_and_tax_stand_apart_and_add_up(billed: GcpSandbox) -> None:
    totals = {
        (total.period.start, total.metric, total.scope): total.amount
        for total in provider_of(billed).cost_totals(LAST_MONTH, TODAY)
    }
    for month in (LAST_MONTH, THIS_MONTH):
        gross, credit, tax = (totals[month, CostMetric.BILLED, s] for s in (GROSS, CREDITS, TAXES))
        assert gross + credit + tax == totals[month, CostMetric.BILLED, ALL_CHARGES]
        assert gross > 0
        assert tax > 0
    assert totals[LAST_MONTH, CostMetric.BILLED, CREDITS] < 0
    assert totals[THIS_MONTH, CostMetric.BILLED, CREDITS] == 0


def test_a_credit_is_counted_once_as_a_row_and_as_an_item(billed: GcpSandbox) -> None:
    oldest = min(date.fromisoformat(day["month"]) for day in billed.billing_days())
    provider = provider_of(billed)
    found = deliveries(provider, oldest)
    as_row = [row for row in rows_of(found[0]) if row["ChargeCategory"] == "Credit"]
    as_item = [row for row in rows_of(found[-2]) if row["x_Credits"] is not None]
    assert [row["ChargeCategory"] for row in as_item] == ["Purchase"]
    credit = {
        total.period.start: total.amount
        for total in provider.cost_totals(oldest, TODAY)
        if total.scope == CREDITS
    }
    assert credit[oldest] == billed_cost(as_row) < 0
    assert f'"Amount": "{credit[LAST_MONTH].normalize():f}"' in str(as_item[0]["x_Credits"])

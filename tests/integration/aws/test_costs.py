"""The costs of AWS from Cost Explorer, and its totals, against the sandbox AWS."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from providers.aws.provider import AwsProvider
from skyclust.contract import ALL_CHARGES, BillingPeriod, CostMetric, FocusRow
from skyclust.errors import ConfigurationError, InvalidRequest, PermissionDenied
from skyclust_sandbox.aws.bill import sample_bill
from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.sandbox import Sandbox
from tests.integration.aws.conftest import Connect

INSTANCES = 4

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("impatient_sdk")]


@pytest.fixture
def bill(aws_sandbox: Sandbox) -> Bill:
    """Return the bill that the sandbox has published."""
    aws_sandbox.bill_sample(INSTANCES)
    return sample_bill(INSTANCES, datetime.now(UTC).date())


def rows_of(provider: AwsProvider, start: date, end: date) -> list[FocusRow]:
    return [
        row
        for delivery in provider.list_deliveries(start, end)
        for part in delivery.rows
        for page in part.pages()
        for row in page
    ]


def billed(rows: list[FocusRow]) -> Decimal:
    return sum((Decimal(str(row["BilledCost"])) for row in rows), Decimal(0))


def first_total(bill: Bill, period: date) -> Decimal:
    return bill.total(period, Publication.FIRST)


def test_rows_of_cost_explorer_are_by_category_service_and_account(
    provider: AwsProvider, bill: Bill, aws_sandbox: Sandbox
) -> None:
    period = bill.restated_period
    rows = rows_of(provider, period, bill.open_period)
    assert {row["ChargeCategory"] for row in rows} == {"Usage", "Purchase", "Credit", "Tax"}
    assert {row["SubAccountId"] for row in rows} == {aws_sandbox.account}
    assert {row["SubAccountName"] for row in rows} == {"Company"}
    assert {row["ListCost"] for row in rows} == {None}
    assert billed(rows) == first_total(bill, period)
    keys = {(r["ChargePeriodStart"], r["ChargeCategory"], r["ServiceName"]) for r in rows}
    assert len(keys) == len(rows)


def test_totals_name_credits_and_tax_apart(provider: AwsProvider, bill: Bill) -> None:
    period = BillingPeriod(bill.restated_period, bill.open_period)
    totals = {
        (total.scope, total.metric): total.amount
        for total in provider.cost_totals(period.start, period.end)
    }
    assert totals[ALL_CHARGES, CostMetric.BILLED] == first_total(bill, period.start)
    assert totals[ALL_CHARGES, CostMetric.EFFECTIVE] == bill.total(
        period.start, Publication.FIRST, "EffectiveCost"
    )
    assert totals["record type Credit", CostMetric.BILLED] < 0
    assert totals["record type Tax", CostMetric.BILLED] > 0
    parts = [amount for (scope, _), amount in totals.items() if scope != ALL_CHARGES]
    assert sum(parts) == totals[ALL_CHARGES, CostMetric.BILLED]


def test_a_restated_month_and_a_late_day_change_the_totals(
    provider: AwsProvider, bill: Bill, aws_sandbox: Sandbox
) -> None:
    for publication in Publication:
        totals = {
            total.period.start: total.amount
            for total in provider.cost_totals(bill.restated_period, bill.today)
            if total.scope == ALL_CHARGES and total.metric is CostMetric.BILLED
        }
        for period in (bill.restated_period, bill.open_period):
            assert totals[period] == bill.total(period, publication)
        aws_sandbox.publish_next_bill()


def test_every_page_is_a_priced_call(
    provider: AwsProvider, bill: Bill, aws_sandbox: Sandbox
) -> None:
    rows_of(provider, bill.open_period, bill.open_period + timedelta(days=1))
    aws_sandbox.limit_pages(2)
    provider.cost_totals(bill.restated_period, bill.today)
    made = provider.calls_made()
    assert made.calls == aws_sandbox.calls()["GetCostAndUsage"] > 4
    assert made.price == made.calls * Decimal("0.01")


def test_a_call_beyond_the_limit_is_not_made(
    connect: Connect, bill: Bill, aws_sandbox: Sandbox
) -> None:
    provider = connect(cost_calls_limit="3")
    with pytest.raises(ConfigurationError, match="limit of 3 calls"):
        rows_of(provider, bill.open_period, bill.today)
    assert aws_sandbox.calls()["GetCostAndUsage"] == 3
    assert provider.calls_made().calls == 3


def test_throttling_for_a_while_is_waited_for(
    provider: AwsProvider, bill: Bill, aws_sandbox: Sandbox
) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.THROTTLE, action="GetCostAndUsage", times=3))
    rows = rows_of(provider, bill.restated_period, bill.open_period)
    assert billed(rows) == first_total(bill, bill.restated_period)


def test_a_lost_reply_changes_no_total(
    provider: AwsProvider, bill: Bill, aws_sandbox: Sandbox
) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.DROP_REPLY, action="GetCostAndUsage", times=2))
    rows = rows_of(provider, bill.restated_period, bill.open_period)
    assert billed(rows) == first_total(bill, bill.restated_period)


def test_an_account_without_charges_has_deliveries_without_rows_and_no_total(
    connect: Connect, bill: Bill, aws_sandbox: Sandbox
) -> None:
    other = connect(access_key_id=aws_sandbox.other_access_key)
    [delivery] = other.list_deliveries(bill.restated_period, bill.open_period)
    assert delivery.billing_account_id == aws_sandbox.other_account
    assert [row for part in delivery.rows for page in part.pages() for row in page] == []
    assert list(other.cost_totals(bill.restated_period, bill.open_period)) == []


def test_a_missing_permission_is_not_an_empty_bill(
    provider: AwsProvider, bill: Bill, aws_sandbox: Sandbox
) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.DENY, action="GetCostAndUsage"))
    with pytest.raises(PermissionDenied):
        rows_of(provider, bill.open_period, bill.today)
    with pytest.raises(PermissionDenied):
        provider.cost_totals(bill.open_period, bill.today)


def test_days_before_the_history_of_cost_explorer_are_refused(
    provider: AwsProvider, bill: Bill
) -> None:
    start = bill.today - timedelta(days=600)
    with pytest.raises(InvalidRequest, match="14 months"):
        rows_of(provider, start, start + timedelta(days=2))


def test_today_is_not_claimed(provider: AwsProvider, bill: Bill) -> None:
    *_, last = provider.list_deliveries(bill.open_period, bill.today + timedelta(days=30))
    assert last.complete_to == bill.today
    assert last.provisional
    assert list(provider.list_deliveries(bill.today, bill.today + timedelta(days=1))) == []

"""Costs from the sandbox's billing export in BigQuery, read with Google's own library."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from providers.gcp.costs import CREDITS, GROSS, TAXES
from providers.gcp.credential import GcpCredential
from providers.gcp.provider import GcpProvider
from skyclust.contract import ALL_CHARGES, CostDelivery, CostMetric, FocusRow
from skyclust.errors import (
    AuthenticationFailed,
    ConfigurationError,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    SkyClustError,
    Throttled,
    UnexpectedAnswer,
)
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.gcp import GcpSandbox

pytestmark = pytest.mark.integration

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
THIS_MONTH = YESTERDAY.replace(day=1)
LAST_MONTH = (THIS_MONTH - timedelta(days=1)).replace(day=1)


@pytest.fixture
def billed(gcp_sandbox: GcpSandbox) -> GcpSandbox:
    """The sandbox with the bill of two instances."""
    gcp_sandbox.bill_sample(2)
    return gcp_sandbox


def provider_of(sandbox: GcpSandbox, account: str = "skyclust", **values: object) -> GcpProvider:
    """Return a provider whose credential names the sandbox's billing export."""
    table = {"billing_export_table": sandbox.billing_export()}
    key = {"service_account_info": sandbox.service_account_key(account)}
    fields = {**key, "endpoint": sandbox.endpoint, **table, **values}
    return GcpProvider(GcpCredential.model_validate(fields))


def deliveries(provider: GcpProvider, start: date = LAST_MONTH) -> list[CostDelivery]:
    """Return the deliveries from a day up to today."""
    return list(provider.list_deliveries(start, TODAY))


def rows_of(delivery: CostDelivery) -> Iterator[FocusRow]:
    """Yield all rows of a delivery."""
    for part in delivery.rows:
        for page in part.pages():
            yield from page


def billed_cost(rows: Iterator[FocusRow] | list[FocusRow]) -> Decimal:
    """Return the sum of the billed cost."""
    total = Decimal(0)
    for row in rows:
        amount = row["BilledCost"]
        assert isinstance(amount, Decimal)
        total += amount
    return total


def generated(sandbox: GcpSandbox, month: date) -> Decimal:
    """Return what the generator of the bill calls the billed cost of an invoice month."""
    days = [day for day in sandbox.billing_days() if day["month"] == month.isoformat()]
    assert days
    return sum((Decimal(day["billed_cost"]) for day in days), Decimal(0))


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


def test_a_query_that_is_not_complete_yet_is_waited_for(billed: GcpSandbox) -> None:
    billed.call_control("PUT", "queries", {"pending_polls": 3})
    [delivery, _] = deliveries(provider_of(billed))
    assert billed_cost(rows_of(delivery)) == generated(billed, LAST_MONTH)
    assert billed.calls()["bigquery.jobs.get"] >= 3


def test_a_rate_limit_and_a_lost_reply_repeat_a_page_and_not_a_query(billed: GcpSandbox) -> None:
    billed.limit_pages(100)
    provider = provider_of(billed)
    [delivery, _] = deliveries(provider)
    results = "bigquery.jobs.getQueryResults"
    billed.inject(
        Fault(kind=FaultKind.THROTTLE, action=results, times=2),
        Fault(kind=FaultKind.DROP_REPLY, action=results, after=2, times=1),
    )
    before = billed.calls()["bigquery.jobs.query"]
    assert billed_cost(rows_of(delivery)) == generated(billed, LAST_MONTH)
    assert billed.calls()["bigquery.jobs.query"] == before + 1


def test_faults_in_a_third_of_the_calls_lose_and_double_nothing(billed: GcpSandbox) -> None:
    billed.limit_pages(50)
    billed.inject(Fault(kind=FaultKind.ERROR, action="bigquery.*", probability=0.3))
    provider = provider_of(billed)
    for _ in range(20):
        try:
            amounts = [billed_cost(rows_of(delivery)) for delivery in deliveries(provider)]
        except SkyClustError:
            continue
        break
    billed.clear()
    assert amounts == [generated(billed, LAST_MONTH), generated(billed, THIS_MONTH)]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(kind=FaultKind.THROTTLE, action="bigquery.*"), Throttled),
        (Fault(kind=FaultKind.DENY, action="bigquery.*"), PermissionDenied),
        (Fault(kind=FaultKind.EMPTY, action="bigquery.tables.get"), UnexpectedAnswer),
        (Fault(kind=FaultKind.EMPTY, action="bigquery.jobs.query"), UnexpectedAnswer),
        (
            Fault(
                kind=FaultKind.ERROR, action="bigquery.jobs.query", code="quotaExceeded", status=403
            ),
            QuotaExceeded,
        ),
        (
            Fault(
                kind=FaultKind.ERROR,
                action="bigquery.jobs.query",
                code="bytesBilledLimitExceeded",
                status=400,
            ),
            InvalidRequest,
        ),
    ],
    ids=lambda value: getattr(value, "code", None) or getattr(value, "__name__", None),
)
def test_a_failing_export_is_an_error_and_never_an_empty_bill(
    billed: GcpSandbox, fault: Fault, expected: type[SkyClustError]
) -> None:
    billed.inject(fault)
    with pytest.raises(expected) as raised:
        deliveries(provider_of(billed))
    assert raised.value.provider == "gcp"
    if fault.code == "bytesBilledLimitExceeded":
        assert "billing_query_gib" in raised.value.hint


def test_an_empty_table_has_no_deliveries_and_a_missing_one_raises(gcp_sandbox: GcpSandbox) -> None:
    assert deliveries(provider_of(gcp_sandbox)) == []
    assert provider_of(gcp_sandbox).cost_totals(LAST_MONTH, TODAY) == []
    missing = provider_of(gcp_sandbox, billing_export_table=f"{gcp_sandbox.billing_export()}X")
    with pytest.raises(NotFound, match="X") as raised:
        deliveries(missing)
    assert "after the export is enabled" in raised.value.hint


def test_another_projects_account_may_not_read_the_table(billed: GcpSandbox) -> None:
    key = billed.service_account_key("skyclust", "other-project")
    with pytest.raises(PermissionDenied) as raised:
        deliveries(provider_of(billed, service_account_info=key))
    assert "roles/bigquery.dataViewer" in raised.value.hint


def test_verifying_lists_the_permission_to_run_queries_where_an_export_is_named(
    billed: GcpSandbox,
) -> None:
    viewer = provider_of(billed, "viewer")
    query = "bigquery.jobs.create"
    assert query in (viewer.verify().missing_permissions or ())
    with pytest.raises(PermissionDenied, match=query) as raised:
        deliveries(viewer)
    assert "roles/bigquery.jobUser" in raised.value.hint
    without_costs = provider_of(billed, "viewer", billing_export_table=None)
    assert query not in (without_costs.verify().missing_permissions or ())
    assert provider_of(billed).verify().missing_permissions == ()


def test_a_wrong_key_is_an_authentication_failure(billed: GcpSandbox) -> None:
    key = {**billed.service_account_key(), "client_email": "nobody@sandbox-project.example.com"}
    with pytest.raises(AuthenticationFailed):
        deliveries(provider_of(billed, service_account_info=key))


def test_without_a_table_or_the_library_costs_are_a_matter_of_configuration(
    billed: GcpSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="names no billing export"):
        deliveries(provider_of(billed, billing_export_table=None))
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery", None)
    with pytest.raises(ConfigurationError) as raised:
        deliveries(provider_of(billed))
    assert "pip install 'skyclust[bigquery]'" in raised.value.hint

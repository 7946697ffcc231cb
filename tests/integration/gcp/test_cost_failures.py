"""A billing export that is slow, throttled, missing or refused is never an empty bill."""

from __future__ import annotations

import sys

import pytest

from skyclust.errors import (
    AuthenticationFailed,
    ConfigurationError,
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

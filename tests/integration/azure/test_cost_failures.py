"""Costs that cannot be read: an error, or a repeated query, and never an empty bill."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from werkzeug.serving import make_server

from providers.azure.provider import AzureProvider
from skyclust.errors import (
    AuthenticationFailed,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    Throttled,
    Unavailable,
    UnexpectedAnswer,
)
from skyclust_sandbox.application import CloudApplication
from skyclust_sandbox.azure.cloud import AzureCloud
from skyclust_sandbox.azure.cost_management.bill import sample_bill
from skyclust_sandbox.azure.state import AzureSettings
from skyclust_sandbox.azure.tenants import OTHER_CLIENT, READER
from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.control import Conditions, Control
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.seeds import Seed
from tests.fixtures.azure import AzureSandbox
from tests.integration.azure.billed_sample import QUERY, SAMPLE, credential_of, rows_of, total

pytestmark = pytest.mark.integration

Throttling = Callable[[int, float], tuple[AzureProvider, Control]]


def test_a_subscription_without_cost_data_is_not_empty(
    azure_sandbox: AzureSandbox, today: date
) -> None:
    other = AzureProvider(
        credential_of(
            azure_sandbox,
            subscription_id=azure_sandbox.other_subscription_id,
            tenant_id=azure_sandbox.other_tenant_id,
            client_id=OTHER_CLIENT.client_id,
            client_secret=OTHER_CLIENT.secret,
        )
    )
    start = today - timedelta(days=3)
    with pytest.raises(NotFound, match="no cost data"):
        rows_of(other, start, today)
    with pytest.raises(NotFound, match="no cost data"):
        other.cost_totals(start, today)


def test_a_reader_may_read_costs_and_a_denied_one_gets_permission_denied(
    azure_sandbox: AzureSandbox, bill: Bill, today: date
) -> None:
    reader = AzureProvider(
        credential_of(azure_sandbox, client_id=READER.client_id, client_secret=READER.secret)
    )
    start = today - timedelta(days=6)
    assert rows_of(reader, start, today)
    azure_sandbox.inject(Fault(kind=FaultKind.DENY, action=QUERY))
    with pytest.raises(PermissionDenied, match="CostManagement/query/read"):
        rows_of(reader, start, today)


def test_an_unreachable_or_refusing_cloud_has_no_costs(
    azure_sandbox: AzureSandbox, today: date
) -> None:
    start = today - timedelta(days=3)
    with pytest.raises(Unavailable):
        rows_of(
            AzureProvider(credential_of(azure_sandbox, endpoint="http://127.0.0.1:1")), start, today
        )
    with pytest.raises(AuthenticationFailed):
        rows_of(
            AzureProvider(credential_of(azure_sandbox, client_secret="canary-secret")),
            start,
            today,
        )


def test_a_few_failures_are_repeated(
    provider: AzureProvider, bill: Bill, azure_sandbox: AzureSandbox
) -> None:
    """A query changes nothing, so a query whose reply was lost is sent again."""
    azure_sandbox.inject(
        Fault(kind=FaultKind.ERROR, action=QUERY, times=1, status=503),
        Fault(kind=FaultKind.DROP_REPLY, action=QUERY, after=1, times=1),
        Fault(kind=FaultKind.THROTTLE, action=QUERY, after=2, times=1, code="entity"),
    )
    rows = rows_of(provider, bill.restated_period, bill.open_period)
    assert total(rows, "BilledCost") == bill.total(bill.restated_period, Publication.FIRST)


def test_30_percent_faults_lose_and_double_nothing(
    provider: AzureProvider, bill: Bill, azure_sandbox: AzureSandbox
) -> None:
    """A call fails as a whole, or has all rows."""
    azure_sandbox.limit_cost_pages(40)
    azure_sandbox.inject(
        Fault(kind=FaultKind.DROP_REPLY, action=QUERY, probability=0.15),
        Fault(kind=FaultKind.ERROR, action=QUERY, probability=0.15, status=500),
    )
    start, end = bill.restated_period, bill.restated_period + timedelta(days=6)
    expected = sum(
        (
            charge.billed_cost
            for charge in bill.charges(start, Publication.FIRST)
            if charge.start < end
        ),
        Decimal(0),
    )
    whole = 0
    for _ in range(6):
        try:
            rows = rows_of(provider, start, end)
        except (Unavailable, Throttled):
            continue
        whole += 1
        assert total(rows, "BilledCost") == expected
    assert whole


def test_a_refused_detail_falls_back_to_what_azure_documents(
    provider: AzureProvider, bill: Bill, azure_sandbox: AzureSandbox
) -> None:
    """The sums stay right where only two groupings are accepted."""
    azure_sandbox.inject(
        Fault(kind=FaultKind.ERROR, action=QUERY, times=1, code="BadRequest", status=400)
    )
    rows = rows_of(provider, bill.restated_period, bill.open_period)
    assert total(rows, "BilledCost") == bill.total(bill.restated_period, Publication.FIRST)
    assert {row["ResourceId"] for row in rows} == {None}
    azure_sandbox.inject(Fault(kind=FaultKind.ERROR, action=QUERY, code="BadRequest", status=400))
    with pytest.raises(InvalidRequest):
        rows_of(provider, bill.restated_period, bill.open_period)


@pytest.mark.parametrize("field", ["columns", "rows", "properties"])
def test_an_answer_without_a_part_is_no_empty_bill(
    provider: AzureProvider, bill: Bill, azure_sandbox: AzureSandbox, field: str
) -> None:
    azure_sandbox.inject(Fault(kind=FaultKind.OMIT, action=QUERY, field=field))
    with pytest.raises(UnexpectedAnswer):
        rows_of(provider, bill.restated_period, bill.open_period)


def test_a_long_wait_is_left_to_the_caller(
    provider: AzureProvider, bill: Bill, azure_sandbox: AzureSandbox
) -> None:
    azure_sandbox.inject(Fault(kind=FaultKind.THROTTLE, action=QUERY, seconds=45, code="tenant"))
    with pytest.raises(Throttled) as raised:
        provider.cost_totals(bill.restated_period, bill.open_period)
    assert raised.value.retry_after == 45
    assert azure_sandbox.calls()[QUERY] == 1


@pytest.fixture
def throttling() -> Iterator[Throttling]:
    """Return a function that starts a sandbox with a quota, and returns a provider for it."""
    servers = []

    def start(units: int, window: float) -> tuple[AzureProvider, Control]:
        conditions = Conditions()
        settings = AzureSettings(query_units=units, query_window_seconds=window)
        cloud = AzureCloud(settings, conditions)
        control = Control("azure", "", Seed.EMPTY, cloud.restart, conditions)
        control.reset(None)
        conditions.billing.sample = SAMPLE
        application = CloudApplication(cloud, control)
        server = make_server("127.0.0.1", 0, application, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        sandbox = AzureSandbox(f"http://127.0.0.1:{server.server_port}", 0)
        return AzureProvider(credential_of(sandbox)), control

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_spent_query_units_are_waited_for(
    throttling: Throttling, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The response has no Retry-After; the wait is in a header of Cost Management."""
    waits: list[float] = []
    provider, control = throttling(2, 0.4)

    def sleep(_: object, seconds: float) -> None:
        waits.append(seconds)
        threading.Event().wait(0.45)  # the window has passed, without a whole second of waiting

    monkeypatch.setattr("azure.core.pipeline.transport.HttpTransport.sleep", sleep)
    bill = sample_bill(SAMPLE, today)
    totals = provider.cost_totals(bill.restated_period, today)
    assert waits == [1.0] * len(waits)
    assert waits
    assert control.calls.counts()[QUERY] == 4 + len(waits)
    assert len({each.period for each in totals}) == 2

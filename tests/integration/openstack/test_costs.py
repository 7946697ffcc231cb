"""What CloudKitty returns, and what it does not return: no currency, no service, nothing rated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from providers.openstack.provider import OpenStackProvider
from skyclust.contract import CostDelivery
from skyclust.errors import (
    AuthenticationFailed,
    ConfigurationError,
    NotFound,
    SkyClustError,
    Throttled,
    UnexpectedAnswer,
    Unsupported,
)
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.openstack.rating.points import CORE_HOUR
from skyclust_sandbox.processes import start_sandbox, stop_sandbox
from tests.conformance.openstack import OpenStackHarness
from tests.fixtures.focus_values import assert_values_of_focus
from tests.fixtures.openstack import OpenStackSandbox
from tests.integration.openstack.conftest import provider_for

LIST = "rating.dataframes.list"
TODAY = datetime.now(UTC).date()
PAST = TODAY - timedelta(days=3)


def _rows(deliveries: list[CostDelivery]) -> list[dict[str, object]]:
    return [
        dict(row)
        for delivery in deliveries
        for part in delivery.rows
        for page in part.pages()
        for row in page
    ]


def _read(provider: OpenStackProvider, start: date, end: date) -> list[CostDelivery]:
    return list(provider.list_deliveries(start, end))


@pytest.mark.integration
class TestCosts:
    """The costs of one project."""

    def test_each_point_is_a_row(
        self, provider: OpenStackProvider, openstack_sandbox: OpenStackSandbox
    ) -> None:
        openstack_sandbox.bill_sample(2)
        (delivery,) = _read(provider, PAST, PAST + timedelta(days=1))
        assert (delivery.source, delivery.provider) == ("cloudkitty", "openstack")
        assert delivery.billing_account_id == openstack_sandbox.project_id
        assert (delivery.complete_from, delivery.complete_to) == (PAST, PAST + timedelta(days=1))
        rows = _rows([delivery])
        assert len(rows) == 24 * 2 * 2  # hours, instances and regions
        assert {row["BillingCurrency"] for row in rows} == {"EUR"}
        assert {row["SubAccountId"] for row in rows} == {openstack_sandbox.project_id}
        assert {row["RegionId"] for row in rows} == {"RegionOne", "RegionTwo"}
        assert {row["BilledCost"] for row in rows} == {CORE_HOUR, 2 * CORE_HOUR}
        assert {row["ServiceCategory"] for row in rows} == {"Compute"}
        assert_values_of_focus(rows)

    def test_pages_of_one_point_are_read_to_the_end(
        self, provider: OpenStackProvider, openstack_sandbox: OpenStackSandbox
    ) -> None:
        openstack_sandbox.bill_sample(1)
        openstack_sandbox.limit_pages(1)
        rows = _rows(_read(provider, PAST, PAST + timedelta(days=1)))
        assert len({(row["ResourceId"], row["ChargePeriodStart"]) for row in rows}) == 48

    def test_nothing_rated_is_neither_an_error_nor_a_bill_of_zero(
        self, provider: OpenStackProvider
    ) -> None:
        assert _read(provider, PAST, TODAY) == []
        assert provider.cost_totals(PAST, TODAY) == []

    def test_the_running_day_is_claimed_and_later_days_are_not(
        self, provider: OpenStackProvider, openstack_sandbox: OpenStackSandbox
    ) -> None:
        openstack_sandbox.bill_sample(1)
        deliveries = _read(provider, TODAY - timedelta(days=1), TODAY + timedelta(days=40))
        # In the first hour of a day nothing of it is rated yet.
        assert deliveries[-1].complete_to in {TODAY, TODAY + timedelta(days=1)}
        assert deliveries[-1].provisional

    @pytest.mark.parametrize("user", ["member", "admin"])
    def test_the_estate_is_that_of_one_project(
        self, openstack_estate: OpenStackSandbox, user: str
    ) -> None:
        name = openstack_estate.user if user == "member" else openstack_estate.admin
        password = (
            openstack_estate.password if user == "member" else openstack_estate.admin_password
        )
        provider = provider_for(openstack_estate, name, password, rating_currency="EUR")
        rows = _rows(_read(provider, PAST, PAST + timedelta(days=1)))
        assert {row["SubAccountId"] for row in rows} == {openstack_estate.project_id}
        assert {row["ServiceCategory"] for row in rows} == {"Compute", "Storage"}
        total = sum((Decimal(str(row["BilledCost"])) for row in rows), Decimal(0))
        assert total > 0

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            (Fault(kind=FaultKind.THROTTLE, action=LIST), Throttled),
            (Fault(kind=FaultKind.EXPIRE, action=LIST), AuthenticationFailed),
            (Fault(kind=FaultKind.HTML, action=LIST), UnexpectedAnswer),
            (Fault(kind=FaultKind.ERROR, action=LIST, status=404, code="Gone"), NotFound),
        ],
    )
    def test_no_other_answer_is_taken_for_nothing_rated(
        self,
        provider: OpenStackProvider,
        openstack_sandbox: OpenStackSandbox,
        fault: Fault,
        expected: type[SkyClustError],
    ) -> None:
        openstack_sandbox.inject(fault)
        with pytest.raises(expected):
            _read(provider, PAST, TODAY)

    def test_a_point_without_a_price_is_not_free(
        self, provider: OpenStackProvider, openstack_sandbox: OpenStackSandbox
    ) -> None:
        openstack_sandbox.bill_sample(1)
        openstack_sandbox.inject(Fault(kind=FaultKind.OMIT, action=LIST, field="rating"))
        with pytest.raises(UnexpectedAnswer, match="in place of a number"):
            _rows(_read(provider, PAST, TODAY))

    def test_a_wrong_password_reads_nothing(self, harness: OpenStackHarness) -> None:
        provider = OpenStackProvider(harness.wrong_credential())
        with pytest.raises(AuthenticationFailed):
            _read(provider, PAST, TODAY)

    def test_the_currency_must_be_known(self, openstack_sandbox: OpenStackSandbox) -> None:
        sandbox = openstack_sandbox
        provider = provider_for(sandbox, sandbox.user, sandbox.password)
        with pytest.raises(ConfigurationError) as raised:
            _read(provider, PAST, TODAY)
        assert "rating_currency" in raised.value.hint


@pytest.fixture
def cloud_without_rating(tmp_path: Path) -> Iterator[OpenStackSandbox]:
    """A cloud without CloudKitty."""
    options = ["--without", "cloudkitty"]
    clouds = start_sandbox(tmp_path, clouds=["openstack"], seed="empty", options=options)
    yield OpenStackSandbox(clouds["openstack"].endpoint, clouds["openstack"].pid)
    stop_sandbox(tmp_path)


@pytest.mark.integration
def test_a_cloud_without_cloudkitty_needs_a_price_book(
    cloud_without_rating: OpenStackSandbox,
) -> None:
    sandbox = cloud_without_rating
    provider = provider_for(sandbox, sandbox.user, sandbox.password, rating_currency="EUR")
    for read in (lambda: _read(provider, PAST, TODAY), lambda: provider.cost_totals(PAST, TODAY)):
        with pytest.raises(Unsupported) as raised:
            read()
        assert "price-books" in raised.value.hint

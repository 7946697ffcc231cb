"""List prices of Google Cloud against the sandbox: the price that its bill has, or a reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from providers.gcp.provider import GcpProvider
from skyclust.contract import PricedKind, PriceItem, PriceUnit
from skyclust.errors import PermissionDenied, Throttled, UnexpectedAnswer
from skyclust_sandbox.billing.catalog import Meter
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.gcp.bigquery.estate_bill import CATALOG
from skyclust_sandbox.gcp.billing_catalog import AMBIGUOUS
from tests.fixtures.gcp import GcpSandbox
from tests.integration.gcp.conftest import REGION

pytestmark = pytest.mark.integration

ACTION = "cloudbilling.services.skus.list"
TYPES = ("e2-micro", "e2-medium", "e2-standard-4", "n1-standard-1", "n2-highmem-8", "c4a-highcpu-2")


def item(kind: PricedKind, type_: str = "", size: int | None = None) -> PriceItem:
    return PriceItem(kind, REGION, type_, size)


def test_prices_are_those_of_the_bill(gcp: GcpProvider) -> None:
    wanted = [
        *(item(PricedKind.INSTANCE, name) for name in TYPES),
        item(PricedKind.DISK, "pd-ssd", 10),
        item(PricedKind.DISK, "pd-standard", 10),
        item(PricedKind.ADDRESS),
        item(PricedKind.SNAPSHOT),
    ]
    answer = gcp.list_prices(wanted)
    assert not answer.missing
    disk = CATALOG.services[Meter.DISK].price
    assert {str(one.item): (one.amount, one.unit) for one in answer.prices} == {
        **{f"instance:{n}": (CATALOG.instance_prices[n], PriceUnit.HOUR) for n in TYPES},
        "disk:pd-ssd": (disk, PriceUnit.GIB_MONTH),
        "disk:pd-standard": (disk, PriceUnit.GIB_MONTH),
        "address": (CATALOG.services[Meter.ADDRESS].price, PriceUnit.HOUR),
        "snapshot": (CATALOG.services[Meter.SNAPSHOT].price, PriceUnit.GIB_MONTH),
    }
    assert {one.currency for one in answer.prices} == {"USD"}
    assert {one.effective_from for one in answer.prices} == {datetime(2026, 1, 1, tzinfo=UTC)}


def test_pages_are_read_to_the_end(gcp: GcpProvider, gcp_sandbox: GcpSandbox) -> None:
    wanted = [item(PricedKind.INSTANCE, "e2-medium"), item(PricedKind.ADDRESS)]
    gcp_sandbox.limit_pages(7)
    assert len(gcp.list_prices(wanted).prices) == 2
    assert gcp_sandbox.calls()[ACTION] > 10


def test_what_has_no_single_price_is_missing_with_its_reason(gcp: GcpProvider) -> None:
    series, region = AMBIGUOUS
    double = PriceItem(PricedKind.INSTANCE, region, f"{series}-standard-4")
    wanted = [
        double,
        item(PricedKind.INSTANCE, "e2-standard-3"),
        item(PricedKind.INSTANCE, "n2-custom-4-8192"),
        item(PricedKind.DISK, "hyperdisk-balanced", 10),
        PriceItem(PricedKind.ADDRESS, "mars-north1"),
    ]
    answer = gcp.list_prices(wanted)
    reasons = {one.item: one.reason for one in answer.missing}
    assert not answer.prices
    assert reasons.pop(double).startswith("2 prices match it: ")
    assert reasons == {
        wanted[1]: "the region does not offer the type",
        wanted[2]: "the type is not sold by cores and memory alone",
        wanted[3]: "disks of this type are not sold by size alone",
        wanted[4]: "the price list has no price for it",
    }


def test_a_throttled_call_is_repeated_and_then_an_error(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox
) -> None:
    wanted = [item(PricedKind.ADDRESS)]
    gcp_sandbox.inject(Fault(kind=FaultKind.THROTTLE, action=ACTION, times=2))
    assert len(gcp.list_prices(wanted).prices) == 1
    gcp_sandbox.inject(Fault(kind=FaultKind.THROTTLE, action=ACTION))
    with pytest.raises(Throttled):
        gcp.list_prices(wanted)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.DENY, PermissionDenied),
        (FaultKind.HTML, UnexpectedAnswer),
        (FaultKind.NULL, UnexpectedAnswer),
        (FaultKind.EMPTY, UnexpectedAnswer),
    ],
)
def test_an_answer_without_prices_is_an_error(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox, kind: FaultKind, error: type[Exception]
) -> None:
    gcp_sandbox.inject(Fault(kind=kind, action=ACTION))
    with pytest.raises(error):
        gcp.list_prices([item(PricedKind.ADDRESS)])

"""List prices of Azure against the sandbox: the price that its bill has, or a reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from providers.azure.provider import AzureProvider
from skyclust.contract import PricedKind, PriceItem, PriceUnit
from skyclust.errors import Throttled, Unavailable, UnexpectedAnswer
from skyclust_sandbox.azure.cost_management.catalog import CATALOG
from skyclust_sandbox.azure.cost_management.retail_prices import ACTION, AMBIGUOUS_SIZE
from skyclust_sandbox.billing.catalog import Meter
from skyclust_sandbox.faults import Fault, FaultKind
from tests.conformance.azure import REGION
from tests.fixtures.azure import AzureSandbox

pytestmark = pytest.mark.integration

SIZE = "Standard_D2s_v5"
DISK = CATALOG.services[Meter.DISK].price


def item(kind: PricedKind, type_: str = "", size: int | None = None) -> PriceItem:
    return PriceItem(kind, REGION, type_, size)


def test_prices_are_those_of_the_bill(provider: AzureProvider) -> None:
    wanted = [
        item(PricedKind.INSTANCE, SIZE),
        item(PricedKind.DISK, "Premium_LRS", 100),
        item(PricedKind.DISK, "StandardSSD_ZRS", 8),
        item(PricedKind.DISK, "Standard_LRS", 4),
        item(PricedKind.ADDRESS),
        item(PricedKind.SNAPSHOT),
    ]
    answer = provider.list_prices(wanted)
    assert not answer.missing
    found = {str(one.item): (one.amount, one.unit) for one in answer.prices}
    # A disk of 100 GiB is charged as a P10 of 128, one of 4 GiB of Standard HDD as an S4 of 32.
    assert found == {
        f"instance:{SIZE}": (CATALOG.instance_prices[SIZE], PriceUnit.HOUR),
        "disk:Premium_LRS:100": (DISK * 128, PriceUnit.MONTH),
        "disk:StandardSSD_ZRS:8": (DISK * 8, PriceUnit.MONTH),
        "disk:Standard_LRS:4": (DISK * 32, PriceUnit.MONTH),
        "address": (CATALOG.services[Meter.ADDRESS].price, PriceUnit.HOUR),
        "snapshot": (CATALOG.services[Meter.SNAPSHOT].price, PriceUnit.GIB_MONTH),
    }
    assert {one.currency for one in answer.prices} == {"USD"}
    assert {one.effective_from for one in answer.prices} == {datetime(2026, 1, 1, tzinfo=UTC)}


def test_pages_of_one_row_are_read_to_the_end(
    provider: AzureProvider, azure_sandbox: AzureSandbox
) -> None:
    wanted = [item(PricedKind.INSTANCE, SIZE)]
    [whole] = provider.list_prices(wanted).prices
    azure_sandbox.limit_pages(1)
    [paged] = provider.list_prices(wanted).prices
    assert (paged.amount, paged.sku) == (whole.amount, whole.sku)


def test_what_has_no_single_price_is_missing_with_its_reason(provider: AzureProvider) -> None:
    wanted = [
        item(PricedKind.INSTANCE, AMBIGUOUS_SIZE),
        item(PricedKind.INSTANCE, "Standard_X1"),
        item(PricedKind.DISK, "UltraSSD_LRS", 8),
        item(PricedKind.DISK, "Premium_LRS"),
    ]
    answer = provider.list_prices(wanted)
    reasons = {str(one.item): one.reason for one in answer.missing}
    assert not answer.prices
    assert reasons.pop(f"instance:{AMBIGUOUS_SIZE}").startswith("2 prices match it: ")
    assert reasons == {
        "instance:Standard_X1": "the price list has no price for it",
        "disk:UltraSSD_LRS:8": "disks of type UltraSSD_LRS have no price by size alone",
        "disk:Premium_LRS": "the size of the disk is not known",
    }


def test_no_token_is_sent_to_the_price_list(
    provider: AzureProvider, azure_sandbox: AzureSandbox
) -> None:
    provider.list_prices([item(PricedKind.ADDRESS)])
    assert "Tokens_Create" not in azure_sandbox.calls()


def test_a_throttled_call_is_repeated_and_then_an_error(
    provider: AzureProvider, azure_sandbox: AzureSandbox
) -> None:
    wanted = [item(PricedKind.ADDRESS)]
    azure_sandbox.inject(Fault(kind=FaultKind.THROTTLE, action=ACTION, times=2))
    assert len(provider.list_prices(wanted).prices) == 1
    azure_sandbox.inject(Fault(kind=FaultKind.THROTTLE, action=ACTION))
    with pytest.raises(Throttled):
        provider.list_prices(wanted)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.ERROR, Unavailable),
        (FaultKind.HTML, UnexpectedAnswer),
        (FaultKind.NULL, UnexpectedAnswer),
        (FaultKind.EMPTY, UnexpectedAnswer),
    ],
)
def test_an_answer_without_prices_is_an_error(
    provider: AzureProvider, azure_sandbox: AzureSandbox, kind: FaultKind, error: type[Exception]
) -> None:
    azure_sandbox.inject(Fault(kind=kind, action=ACTION))
    with pytest.raises(error):
        provider.list_prices([item(PricedKind.ADDRESS)])

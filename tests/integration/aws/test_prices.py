"""List prices of AWS against the sandbox: the price that its bill has, or a reason."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from providers.aws.provider import AwsProvider
from skyclust.contract import PriceAnswer, PricedKind, PriceItem, PriceUnit
from skyclust.errors import PermissionDenied, Throttled, UnexpectedAnswer
from skyclust_sandbox.aws.bill import CATALOG
from skyclust_sandbox.aws.price_list import AMBIGUOUS_TYPE
from skyclust_sandbox.billing.catalog import Meter
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.sandbox import Sandbox
from tests.integration.aws.conftest import REGION

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("impatient_sdk")]

TYPES = ("m5.large", "t3.micro", "c5.xlarge")


def item(kind: PricedKind, type_: str = "", size: int | None = None) -> PriceItem:
    return PriceItem(kind, REGION, type_, size)


def amounts(answer: PriceAnswer) -> dict[str, tuple[Decimal, PriceUnit]]:
    return {str(one.item): (one.amount, one.unit) for one in answer.prices}


def test_prices_are_those_of_the_bill(provider: AwsProvider) -> None:
    wanted = [
        *(item(PricedKind.INSTANCE, name) for name in TYPES),
        item(PricedKind.DISK, "gp3", 100),
        item(PricedKind.ADDRESS),
        item(PricedKind.SNAPSHOT),
    ]
    answer = provider.list_prices(wanted)
    assert not answer.missing
    assert amounts(answer) == {
        **{f"instance:{name}": (CATALOG.hour_price(name), PriceUnit.HOUR) for name in TYPES},
        "disk:gp3": (CATALOG.services[Meter.DISK].price, PriceUnit.GIB_MONTH),
        "address": (CATALOG.services[Meter.ADDRESS].price, PriceUnit.HOUR),
        "snapshot": (CATALOG.services[Meter.SNAPSHOT].price, PriceUnit.GIB_MONTH),
    }
    assert {one.currency for one in answer.prices} == {"USD"}
    assert {one.effective_from for one in answer.prices} == {datetime(2026, 1, 1, tzinfo=UTC)}
    assert len({one.sku for one in answer.prices}) == len(wanted)


def test_pages_of_one_product_are_read_to_the_end(
    provider: AwsProvider, aws_sandbox: Sandbox
) -> None:
    wanted = [item(PricedKind.INSTANCE, name) for name in TYPES]
    whole = provider.list_prices(wanted)
    aws_sandbox.limit_pages(1)
    assert amounts(provider.list_prices(wanted)) == amounts(whole)


def test_two_skus_are_no_price(provider: AwsProvider) -> None:
    answer = provider.list_prices([item(PricedKind.INSTANCE, AMBIGUOUS_TYPE)])
    assert not answer.prices
    assert answer.missing[0].reason.startswith("2 prices match it: ")


def test_what_is_not_in_the_list_is_missing_and_not_free(provider: AwsProvider) -> None:
    wanted = [item(PricedKind.INSTANCE, "x9.huge"), item(PricedKind.DISK, "io2", 10)]
    reasons = {str(one.item): one.reason for one in provider.list_prices(wanted).missing}
    assert reasons == {
        "instance:x9.huge": "the price list has no price for it",
        "disk:io2:10": "its price depends on its provisioned IOPS",
    }


def test_a_throttled_call_is_repeated_and_then_an_error(
    provider: AwsProvider, aws_sandbox: Sandbox
) -> None:
    wanted = [item(PricedKind.ADDRESS)]
    aws_sandbox.inject(Fault(kind=FaultKind.THROTTLE, action="GetProducts", times=2))
    assert len(provider.list_prices(wanted).prices) == 1
    aws_sandbox.inject(Fault(kind=FaultKind.THROTTLE, action="GetProducts"))
    with pytest.raises(Throttled):
        provider.list_prices(wanted)


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
    provider: AwsProvider, aws_sandbox: Sandbox, kind: FaultKind, error: type[Exception]
) -> None:
    aws_sandbox.inject(Fault(kind=kind, action="GetProducts"))
    with pytest.raises(error):
        provider.list_prices([item(PricedKind.ADDRESS)])

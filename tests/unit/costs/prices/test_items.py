"""Which list prices the inventory needs, and what they are for."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from skyclust.costs.advice.records import PriceBasis
from skyclust.costs.advice.resize_savings import resize_saving
from skyclust.costs.advice.savings import Prices
from skyclust.costs.prices.items import wanted_items
from skyclust.costs.prices.lookup import PriceList
from skyclust.costs.resource_matching import match_resources
from skyclust.model.instance_metrics import InstanceSize, MetricsRecord, ResizeOptions
from skyclust.model.list_price import ListPrice, PricedKind, PriceItem, PriceUnit
from skyclust.model.resource import ResourceKind
from tests.unit.costs.advice.estates import NOW, estate, paid, stored

XLARGE = InstanceSize(type="m5.xlarge", cores=4, memory_mib=16384)
LARGE = InstanceSize(type="m5.large", cores=2, memory_mib=8192)
INSTANCE = stored(
    ResourceKind.INSTANCE,
    "i-1",
    state="running",
    attributes={"type": "m5.xlarge", "platform": "Linux/UNIX", "lifecycle": "on-demand"},
)
METRICS = MetricsRecord(
    credential="prod",
    region="eu-central-1",
    instance_id="i-1",
    options=ResizeOptions(size=XLARGE, smaller=(LARGE,)),
)


def item(type_: str) -> PriceItem:
    return PriceItem(PricedKind.INSTANCE, "eu-central-1", type_)


def test_the_type_of_an_instance_is_wanted_and_the_smaller_one() -> None:
    assert wanted_items([INSTANCE]) == {"aws": {item("m5.xlarge")}}
    assert wanted_items([INSTANCE], [METRICS]) == {"aws": {item("m5.xlarge"), item("m5.large")}}


def test_metrics_of_another_instance_want_no_type() -> None:
    other = METRICS.model_copy(update={"instance_id": "i-2"})
    assert wanted_items([INSTANCE], [other]) == {"aws": {item("m5.xlarge")}}


def test_a_resize_saves_the_difference_of_the_wanted_list_prices() -> None:
    amounts = {item("m5.large"): "0.1", item("m5.xlarge"): "0.2"}
    assert wanted_items([INSTANCE], [METRICS])["aws"] == amounts.keys()
    prices = {
        ("aws", one): ListPrice(
            item=one,
            amount=Decimal(amount),
            currency="USD",
            unit=PriceUnit.HOUR,
            sku=one.type,
            effective_from=None,
            read_at=NOW,
        )
        for one, amount in amounts.items()
    }
    known = Prices(estate(INSTANCE), paid({}), match_resources({}, [INSTANCE]), [], NOW.date())
    listed = replace(known, lists=PriceList(prices))

    saving = resize_saving(listed, INSTANCE, LARGE)

    # (0.2 - 0.1) x 24 x 30
    assert (saving.amount, saving.currency) == (Decimal(72), "USD")
    assert saving.basis is PriceBasis.LIST_PRICE
    assert resize_saving(known, INSTANCE, LARGE).amount is None

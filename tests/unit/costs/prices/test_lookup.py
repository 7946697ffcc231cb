"""Cached prices by age, and what of the inventory has a list price."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from skyclust.costs.prices.items import item_of
from skyclust.costs.prices.lookup import PriceList, price_list, price_text
from skyclust.model.list_price import (
    ListPrice,
    PricedKind,
    PriceItem,
    PriceUnit,
    parse_item,
)
from skyclust.model.resource import ResourceKind
from skyclust.store.cached_prices import CachedPrice
from tests.unit.costs.advice.estates import NOW, stored

DISK = PriceItem(PricedKind.DISK, "eu-central-1", "gp3", 100)
ADDRESS = PriceItem(PricedKind.ADDRESS, "eu-central-1")


def price(item: PriceItem, read_at: datetime = NOW, **changed: Any) -> ListPrice:
    fields: dict[str, Any] = {
        "item": item,
        "amount": Decimal("0.0800"),
        "currency": "USD",
        "unit": PriceUnit.GIB_MONTH,
        "sku": "SKU",
        "effective_from": None,
        "read_at": read_at,
    }
    return ListPrice(**(fields | changed))


def prices(*found: ListPrice) -> PriceList:
    return price_list(CachedPrice("aws", one) for one in found)


def test_a_price_of_the_size_comes_before_that_of_the_type() -> None:
    of_type, of_size = price(DISK.of_any_size), price(DISK, amount=Decimal(9))
    assert prices(of_type).find("aws", DISK) == of_type
    assert prices(of_type, of_size).find("aws", DISK) == of_size
    assert prices(of_type).find("gcp", DISK) is None
    assert prices(of_size).find("aws", DISK.of_any_size) is None


@pytest.mark.parametrize(
    ("age", "due"),
    [(timedelta(days=7), True), (timedelta(days=7, seconds=-1), False), (timedelta(0), False)],
)
def test_a_price_is_due_after_seven_days(age: timedelta, due: bool) -> None:
    known = prices(price(DISK.of_any_size, NOW - age))
    assert known.due("aws", [DISK, ADDRESS], NOW) == ({DISK, ADDRESS} if due else {ADDRESS})


def test_the_text_has_the_dates_and_the_age_of_an_old_price() -> None:
    effective = datetime(2026, 1, 1, tzinfo=UTC)
    fresh = price(DISK, effective_from=effective)
    assert price_text(fresh, NOW.date()) == (
        "list price 0.08 USD a GiB-month since 2026-01-01, read 2026-03-11"
    )
    old = price(DISK, NOW - timedelta(days=10))
    assert price_text(old, NOW.date()).endswith("a GiB-month, read 2026-03-01, 10 days ago")


@pytest.mark.parametrize("item", [DISK, DISK.of_any_size, ADDRESS])
def test_an_item_is_read_again_from_its_text(item: PriceItem) -> None:
    assert parse_item(str(item), item.region) == item


@pytest.mark.parametrize(
    ("kind", "attributes", "text"),
    [
        (ResourceKind.DISK, {"type": "gp3", "size_gib": 8}, "disk:gp3:8"),
        (ResourceKind.DISK, {"type": None}, None),
        (ResourceKind.ADDRESS, {"address": "203.0.113.7"}, "address"),
        (ResourceKind.ADDRESS, {"address": "2001:db8::1"}, None),
        (ResourceKind.ADDRESS, {"address": None}, None),
        (ResourceKind.SNAPSHOT, {"size_gib": 8}, "snapshot"),
        (
            ResourceKind.INSTANCE,
            {"type": "m5.large", "platform": "Linux/UNIX", "lifecycle": "on-demand"},
            "instance:m5.large",
        ),
        (
            ResourceKind.INSTANCE,
            {"type": "m5.large", "platform": "Red Hat Enterprise Linux", "lifecycle": "on-demand"},
            None,
        ),
        (
            ResourceKind.INSTANCE,
            {"type": "m5.large", "platform": "windows-server-2022-dc", "lifecycle": "on-demand"},
            None,
        ),
        (ResourceKind.INSTANCE, {"type": "m5.large", "lifecycle": "spot"}, None),
        (ResourceKind.FIREWALL, {}, None),
    ],
)
def test_only_what_the_list_has_is_priced(
    kind: ResourceKind, attributes: dict[str, Any], text: str | None
) -> None:
    item = item_of(stored(kind, "x", attributes=attributes))
    assert (str(item) if item else None) == text

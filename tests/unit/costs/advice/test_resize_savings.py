"""Savings of a resize by hand: two paid prices, two listed ones, or none."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from skyclust.costs.advice.paid_costs import PaidCosts
from skyclust.costs.advice.records import PriceBasis, Saving
from skyclust.costs.advice.resize_savings import NOT_CHEAPER, resize_saving
from skyclust.costs.advice.savings import Prices
from skyclust.costs.price_books.book import BookVersion, read_price_book
from skyclust.costs.resource_matching import match_resources
from skyclust.model.instance_metrics import InstanceSize
from skyclust.model.resource import ResourceKind
from skyclust.model.stored import StoredResource
from tests.unit.costs.advice.estates import NOW, daily, estate, paid, paid_day, stored

LARGE = InstanceSize(type="m5.large", cores=2, memory_mib=8192)
SMALL = InstanceSize(type="2c4g", cores=2, memory_mib=4096)
BOOK = BookVersion(
    read_price_book(
        """
name: datacentre
currency: EUR
covers: {providers: [proxmox]}
prices:
  - {unit: core-hour, price: 0.01, from: 2026-01-01}
  - {unit: memory-gib-hour, price: 0.001, from: 2026-01-01}
"""
    ),
    1,
)


def instance(name: str, type_: str, /, **changed: Any) -> StoredResource:
    attributes = {"type": type_, "platform": "Linux/UNIX", "lifecycle": "on-demand"}
    more = changed.pop("attributes", {})
    fields = {"state": "running", "attributes": attributes | more}
    return stored(ResourceKind.INSTANCE, name, **(fields | changed))


def saving(
    one: StoredResource,
    costs: PaidCosts,
    *others: StoredResource,
    size: InstanceSize = LARGE,
    since: datetime | None = None,
) -> Saving:
    found = estate(one, *others, since=since)
    matches = match_resources(costs.days, found.resources)
    return resize_saving(Prices(found, costs, matches, [BOOK], NOW.date()), one, size)


def test_the_smaller_price_is_the_highest_that_was_paid_for_the_type() -> None:
    costs = paid({"i-1": daily("4"), "i-2": daily("2"), "i-3": daily("1.5")})
    others = (instance("i-2", "m5.large"), instance("i-3", "m5.large"))
    found = saving(instance("i-1", "m5.xlarge"), costs, *others)
    # (4 - 2) x 30
    assert (found.amount, found.currency, found.basis) == (Decimal(60), "USD", PriceBasis.PAID)
    assert "m5.large costs what was paid for i-2" in found.remarks


@pytest.mark.parametrize(
    "changed",
    [
        {"attributes": {"platform": "Windows"}},
        {"attributes": {"lifecycle": "spot"}},
        {"region": "eu-west-1"},
        {"credential": "other"},
        {"state": "stopped"},
    ],
)
def test_a_price_of_something_else_does_not_count(changed: dict[str, Any]) -> None:
    costs = paid({"i-1": daily("4"), "i-2": daily("2")})
    found = saving(instance("i-1", "m5.xlarge"), costs, instance("i-2", "m5.large", **changed))
    assert (found.amount, found.basis) == (None, PriceBasis.UNKNOWN)


def test_another_instance_that_is_known_for_a_few_days_does_not_count() -> None:
    costs = paid({"i-1": daily("4"), "i-2": daily("2")})
    other = instance("i-2", "m5.large")
    assert (
        saving(instance("i-1", "m5.xlarge"), costs, other, since=NOW - timedelta(days=6)).amount
        is None
    )


def test_a_commitment_saves_nothing_and_a_part_of_it_is_unknown() -> None:
    one, other = instance("i-1", "m5.xlarge"), instance("i-2", "m5.large")
    whole = paid({"i-1": daily("4", committed=True), "i-2": daily("2")})
    found = saving(one, whole, other)
    assert (found.amount, found.covered) == (Decimal(0), True)
    assert "a commitment pays for it, which goes on" in found.remarks
    days = daily("4", committed=True)
    part = paid({"i-1": [*days, *(paid_day(day.day, "1") for day in days)], "i-2": daily("2")})
    assert (saving(one, part, other).amount, saving(one, part, other).covered) == (None, True)


def test_a_smaller_type_that_costs_more_saves_nothing_that_is_known() -> None:
    costs = paid({"i-1": daily("2"), "i-2": daily("2")})
    found = saving(instance("i-1", "m5.xlarge"), costs, instance("i-2", "m5.large"))
    assert found.amount is None
    assert NOT_CHEAPER in found.remarks


def test_a_price_book_prices_both_sizes() -> None:
    one = instance("7", "4c8g", provider="proxmox")
    found = saving(one, paid({}), size=SMALL)
    # 2 cores x 0.01 + 4 GiB x 0.001 = 0.024 an hour, 720 hours
    assert (found.amount, found.currency) == (Decimal("17.28"), "EUR")
    assert found.basis is PriceBasis.PRICE_BOOK

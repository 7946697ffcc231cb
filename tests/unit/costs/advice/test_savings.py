"""Savings by hand: what was paid, a commitment, a price book, or nothing that is known."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from skyclust.costs.advice.paid_costs import PaidCosts, PaidDay
from skyclust.costs.advice.records import PriceBasis, Saving
from skyclust.costs.advice.savings import Prices, saving_of
from skyclust.costs.prices.lookup import PriceList
from skyclust.costs.resource_matching import match_resources
from skyclust.model.list_price import PricedKind, PriceItem, PriceUnit
from skyclust.model.resource import ResourceKind
from skyclust.model.stored import StoredResource
from tests.unit.costs.advice.estates import (
    FEBRUARY,
    MARCH,
    NOW,
    daily,
    disk,
    estate,
    paid,
    paid_day,
    price_book,
    stored,
)
from tests.unit.costs.prices.test_lookup import price, prices


def saving(
    resource: StoredResource,
    costs: PaidCosts,
    *others: StoredResource,
    since: datetime | None = None,
    lists: PriceList | None = None,
) -> Saving:
    found = estate(resource, *others, since=since)
    matches = match_resources(costs.days, found.resources)
    books, today = [price_book()], NOW.date()
    return saving_of(Prices(found, costs, matches, books, today, lists or PriceList()), resource)


def test_what_was_paid_on_final_days_is_scaled_to_thirty() -> None:
    costs = paid({"vol-1": [*daily("0.28"), *daily("99", MARCH)]})
    found = saving(disk("vol-1", []), costs)
    # 28 days of 0.28 are 7.84; x 30 / 28 = 8.40. March may still change and is left out.
    assert found.amount == Decimal("8.4")
    assert (found.currency, found.basis) == ("USD", PriceBasis.PAID)
    assert found.remarks == ("paid on 28 days from 2026-02-01 to 2026-02-28",)


def test_gaps_are_left_out_and_a_day_without_a_charge_counts_as_zero() -> None:
    known = frozenset(day for day in FEBRUARY if day.day <= 20)
    costs = paid({"vol-1": daily("1", sorted(known)[:10])}, final=known)
    # Ten days of 1.00 within 20 delivered days: 10 x 30 / 20.
    assert saving(disk("vol-1", []), costs).amount == Decimal(15)


def test_a_new_resource_is_scaled_by_its_own_days() -> None:
    costs = paid({"vol-1": daily("1", [date(2026, 2, 27), date(2026, 2, 28)])})
    assert saving(disk("vol-1", []), costs).amount == Decimal(30)


def test_days_that_may_change_count_where_there_are_no_others() -> None:
    found = saving(disk("vol-1", []), paid({"vol-1": daily("2", MARCH)}))
    assert found.amount == Decimal(60)
    assert "by days that may still change" in found.remarks


def test_what_a_commitment_pays_saves_nothing() -> None:
    costs = paid({"i-1": daily("3", committed=True)})
    found = saving(stored(ResourceKind.INSTANCE, "i-1", state="running"), costs)
    assert (found.amount, found.covered) == (Decimal(0), True)
    assert "a commitment pays for it, which goes on" in found.remarks


def test_the_part_that_no_commitment_pays_is_saved() -> None:
    days = [row for day in FEBRUARY for row in (paid_day(day, "1"), _committed(day))]
    found = saving(stored(ResourceKind.INSTANCE, "i-1", state="running"), paid({"i-1": days}))
    assert (found.amount, found.covered) == (Decimal(30), True)


def _committed(day: date) -> PaidDay:
    return paid_day(day, "5", committed=True)


def test_a_price_book_where_nothing_was_billed() -> None:
    found = saving(disk("ssd:1", [], provider="proxmox"), paid({}))
    # 100 GiB x 0.073 a month of 730 hours, of which 30 days have 720.
    assert found.amount is not None
    assert found.amount.quantize(Decimal("0.000001")) == Decimal("7.2")
    assert (found.currency, found.basis) == ("EUR", PriceBasis.PRICE_BOOK)


def test_without_any_price_the_saving_is_unknown_and_not_zero() -> None:
    found = saving(disk("vol-1", []), paid({}))
    assert (found.amount, found.basis) == (None, PriceBasis.UNKNOWN)


def test_a_bill_without_effective_cost_or_in_two_currencies_is_unknown() -> None:
    without = saving(disk("vol-1", []), paid({"vol-1": daily(None)}))
    both = [*daily("1"), *daily("1", currency="EUR")]
    mixed = saving(disk("vol-1", []), paid({"vol-1": both}))
    assert (without.amount, mixed.amount) == (None, None)
    assert without.remarks == ("the bill has no effective cost",)
    assert mixed.remarks == ("billed in several currencies",)


STOPPED = datetime(2026, 2, 14, 12, tzinfo=UTC)


def test_a_stopped_instance_saves_its_disks_and_addresses_and_not_its_compute() -> None:
    instance = stored(ResourceKind.INSTANCE, "i-1", state="stopped")
    address = stored(ResourceKind.ADDRESS, "eip", attributes={"attached_to": ["i-1"]})
    ran = [day for day in FEBRUARY if day.day <= 14]
    costs = paid({"i-1": daily("50", ran), "vol-1": daily("0.1"), "eip": daily("0.2")})
    others = (disk("vol-1", ["i-1"]), address, disk("vol-2", ["i-2"]))
    assert saving(instance, costs, *others, since=STOPPED).amount == Decimal(9)


def test_a_stopped_instance_that_is_billed_still_saves_that_too() -> None:
    instance = stored(ResourceKind.INSTANCE, "i-1", state="stopped")
    costs = paid({"i-1": daily("2"), "vol-1": daily("0.1")})
    found = saving(instance, costs, disk("vol-1", ["i-1"]), since=STOPPED)
    assert found.amount == Decimal(63)


@pytest.mark.parametrize("priced", [True, False])
def test_parts_without_a_price_are_named(priced: bool) -> None:
    instance = stored(ResourceKind.INSTANCE, "i-1", state="stopped")
    parts = (disk("vol-1", ["i-1"]), disk("vol-2", ["i-1"]))
    costs = paid({"vol-1": daily("1")} if priced else {})
    found = saving(instance, costs, *parts)
    assert found.amount == (Decimal(30) if priced else None)
    assert ("without 1 of 2 parts: price not known" in found.remarks) is priced


REGION = "eu-central-1"
LISTS = prices(
    price(PriceItem(PricedKind.DISK, REGION, "gp3")),
    price(PriceItem(PricedKind.ADDRESS, REGION), amount=Decimal("0.005"), unit=PriceUnit.HOUR),
    price(PriceItem(PricedKind.SNAPSHOT, REGION), amount=Decimal("0.05")),
)


def test_a_list_price_comes_after_what_was_paid_and_before_a_book() -> None:
    volume = disk("vol-1", [], attributes={"type": "gp3"})
    costs = paid({"vol-1": daily("0.28")})
    assert saving(volume, costs, lists=LISTS).basis is PriceBasis.PAID
    listed = saving(volume, paid({}), lists=LISTS)
    # 100 GiB at 0.08 USD a GiB-month.
    assert (listed.amount, listed.currency) == (Decimal(8), "USD")
    assert listed.basis is PriceBasis.LIST_PRICE
    assert listed.remarks[0] == "list price 0.08 USD a GiB-month, read 2026-03-11"
    assert saving(volume, paid({})).basis is PriceBasis.UNKNOWN


def test_an_address_costs_its_hours_of_thirty_days() -> None:
    address = stored(ResourceKind.ADDRESS, "eip", attributes={"address": "203.0.113.7"})
    assert saving(address, paid({}), lists=LISTS).amount == Decimal("3.6")


def test_the_size_of_a_snapshot_bounds_its_saving_and_is_not_it() -> None:
    snapshot = stored(ResourceKind.SNAPSHOT, "snap", attributes={"size_gib": 100})
    found = saving(snapshot, paid({}), lists=LISTS)
    assert (found.amount, found.basis) == (None, PriceBasis.UNKNOWN)
    assert found.remarks[0].startswith("at most 5.00 USD, ")

"""The prices of places: list prices, price books, and one currency only by a rate."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from skyclust.costs.price_books.book import BookVersion, read_price_book
from skyclust.costs.prices.place_prices import PlacedType, PriceSources, place_prices
from skyclust.costs.rates.table import RateTable
from skyclust.model.currency_rate import CurrencyRate
from skyclust.model.list_price import PricedKind, PriceItem, PriceUnit
from skyclust.model.placement import Place
from tests.unit.costs.advice.estates import NOW
from tests.unit.costs.prices.test_lookup import price, prices

BOOK = """
name: datacentre
currency: EUR
covers: {providers: [proxmox]}
prices:
  - {unit: core-hour, price: 0.02, from: 2026-01-01}
  - {unit: memory-gib-hour, price: 0.005, from: 2026-01-01}
"""
AWS = PlacedType(Place(credential="aws"), "aws", "eu-central-1", "m5.large", 2, Decimal(8))
PVE = PlacedType(Place(credential="pve"), "proxmox", "lab", "2c8g", 2, Decimal(8))
KVM = PlacedType(Place(credential="os"), "openstack", "one", "m1", 2, Decimal(8))
LISTS = prices(
    price(
        PriceItem(PricedKind.INSTANCE, "eu-central-1", "m5.large"),
        amount=Decimal("0.096"),
        unit=PriceUnit.HOUR,
    )
)
RATE = CurrencyRate("EUR", "USD", date(2026, 1, 1), Decimal("1.2"), "test")


def sources(rates: list[CurrencyRate], currency: str = "") -> PriceSources:
    books = [BookVersion(read_price_book(BOOK), 1)]
    return PriceSources(LISTS, books, RateTable(rates), currency, NOW.date())


def test_a_place_has_its_list_price_or_that_of_a_book_or_none() -> None:
    found = place_prices([AWS, PVE, KVM], sources([]))
    assert {key[1]: (one.hourly, one.currency) for key, one in found.items()} == {
        "eu-central-1": (Decimal("0.096"), "USD"),
        "lab": (Decimal("0.08"), "EUR"),
    }
    assert found[AWS.place, "eu-central-1"].source == (
        "list price 0.096 USD an hour, read 2026-03-11"
    )


def test_a_rate_brings_prices_into_the_currency_of_the_workspace() -> None:
    found = place_prices([AWS, PVE], sources([RATE], "EUR"))
    assert {key[1]: (one.hourly, one.currency) for key, one in found.items()} == {
        "eu-central-1": (Decimal("0.08"), "EUR"),
        "lab": (Decimal("0.08"), "EUR"),
    }
    assert found[AWS.place, "eu-central-1"].source.endswith("0.096 USD converted")

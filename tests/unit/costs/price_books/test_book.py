"""A price book is read strictly: every wrong key is named with its path."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from skyclust.costs.price_books.book import read_price_book
from skyclust.errors import InvalidRequest

BOOK = """\
name: datacentre
currency: EUR
covers: {providers: [proxmox]}
prices:
  - {unit: core-hour, price: 0.0123, from: 2026-01-01, to: 2026-07-01}
  - {unit: core-hour, price: "0.015", from: 2026-07-01}
"""


def test_prices_are_the_numbers_that_are_written() -> None:
    book = read_price_book(BOOK)
    assert [str(one.price) for one in book.prices] == ["0.0123", "0.015"]
    assert book.prices[0].valid_to == date(2026, 7, 1)
    assert not book.prices[0].holds(date(2026, 7, 1))
    assert book.prices[1].holds(date(2026, 7, 1))


def test_a_long_fraction_is_kept() -> None:
    book = read_price_book(BOOK.replace("0.0123", "0.100000000001"))
    assert book.prices[0].price == Decimal("0.100000000001")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: datacentre", "name: Data Centre", "name: "),
        ("currency: EUR", "currency: EUR\nprcies: []", "prcies: "),
        ("price: 0.0123,", "price: 0.0123, note: x,", "prices.0.core-hour.note: "),
        ("price: 0.0123", "price: -1", "prices.0.core-hour.price: "),
        ("price: 0.0123", "price: 0.1000000000001", "prices.0.core-hour.price: "),
        ("price: 0.0123", "price: cheap", "prices.0.core-hour.price: "),
        ("price: 0.0123", "price: true", "prices.0.core-hour.price: "),
        ("price: 0.0123", "price: 'NaN'", "prices.0.core-hour.price: "),
        ("price: 0.0123", "price: .inf", "is not a plain number"),
        ("price: 0.0123", "price: 010", "is not a plain number"),
        ("price: 0.0123", "price: 1:30", "is not a plain number"),
        ("price: 0.0123", "price: 1, price: 2", "'price' is there twice"),
        ("core-hour, price: 0.0123", "core-week, price: 0.0123", "prices.0: "),
        ("to: 2026-07-01", "to: 2026-01-01", "`to` is exclusive and must be after `from`"),
        ("to: 2026-07-01", "to: 2026-07-02", "core-hour has another price from 2026-01-01"),
        ("to: 2026-07-01", "to: soon", "prices.0.core-hour.to: "),
        ("to: 2026-07-01", "to: 2026-07-01 12:00:00", "prices.0.core-hour.to: "),
        ("providers: [proxmox]", "providers: []", "covers.providers: "),
        ("covers: {", "charged_states: [asleep]\ncovers: {", "charged_states: "),
        ("covers: {", "minimum_seconds: '60'\ncovers: {", "minimum_seconds: "),
        ("covers: {", "month: lunar\ncovers: {", "month: "),
        ("name: datacentre", "name: &a datacentre\nissuer: *a", "alias"),
        ("name: datacentre", "- name", "not YAML"),
        ("name: datacentre", "name: !!python/object:os.system x", "not YAML"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, message: str) -> None:
    assert old in BOOK
    with pytest.raises(InvalidRequest) as raised:
        read_price_book(BOOK.replace(old, new, 1))
    assert message in raised.value.message


def test_a_licence_names_its_instances() -> None:
    licence = "  - {unit: licence-hour, price: 1, from: 2026-01-01, licence: x, match: {}}\n"
    with pytest.raises(InvalidRequest) as raised:
        read_price_book(BOOK + licence)
    assert "prices.2.licence-hour.match: " in raised.value.message


def test_prices_of_different_classes_do_not_overlap() -> None:
    more = "".join(
        f"  - {{unit: storage-gib-month, price: 1, from: 2026-01-01{rest}}}\n"
        for rest in ("", ", class: ssd")
    )
    assert len(read_price_book(BOOK + more).prices) == 4


def test_a_text_that_is_no_mapping_is_refused() -> None:
    for text in ("", "[]", "text", "name: x"):
        with pytest.raises(InvalidRequest):
            read_price_book(text)

"""The price books in the documentation are valid, and cost what the text says."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final, get_args

from skyclust.costs.price_books.book import PriceBook, read_price_book
from skyclust.costs.price_books.prices import AnyPrice
from skyclust.costs.price_books.quotes import QuotedInstance, quote

PAGE: Final = Path(__file__).parents[2] / "docs" / "how-to" / "price-books.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
BOOKS: Final = [
    read_price_book(text) for text in re.findall(r"```yaml[^\n]*\n(.*?)```", TEXT, re.DOTALL)
]
DAY: Final = date(2026, 3, 1)


def test_there_is_an_example_for_each_private_cloud() -> None:
    assert [book.covers.providers for book in BOOKS] == [("proxmox",), ("openstack",)]


def test_the_examples_cost_what_the_text_says() -> None:
    proxmox, openstack = BOOKS
    small = quote(proxmox, QuotedInstance(type="2c4g"), DAY)
    assert small is not None
    assert (small.hourly, small.monthly) == (Decimal("0.042"), Decimal("30.66"))
    assert "= 0.042 EUR an hour" in TEXT
    assert "30.66 EUR for a month" in TEXT
    large = quote(openstack, QuotedInstance(type="g1.large"), DAY)
    assert large is not None
    assert large.hourly == Decimal("1.30")
    assert "= 1.30 EUR an hour" in TEXT


def test_every_unit_and_key_is_described_and_in_an_example() -> None:
    units = {
        unit
        for price in get_args(get_args(AnyPrice)[0])
        for unit in get_args(price.model_fields["unit"].annotation)
    }
    assert {price.unit for book in BOOKS for price in book.prices} == units
    for name in {*units, *PriceBook.model_fields}:
        assert f"`{name}`" in TEXT

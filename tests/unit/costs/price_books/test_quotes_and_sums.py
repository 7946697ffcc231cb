"""Quotes, the sums of parts, and the versions of a book."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyclust.costs.price_books.amounts import part, rounded
from skyclust.costs.price_books.quotes import QuotedInstance, quote
from skyclust.costs.price_books.saving import (
    load_price_book,
    load_price_books,
    save_price_book,
)
from skyclust.errors import InvalidRequest, NotFound
from skyclust.store import audit, price_books
from skyclust.store.engine import Store
from tests.unit.costs.price_books.history import at, book_of
from tests.unit.costs.price_books.test_book import BOOK

DAY = date(2026, 3, 1)
FULL = book_of(
    "core-hour 0.01",
    "memory-gib-hour 0.002",
    "storage-gib-month 0.10 class: ssd",
    "instance-hour 0.05 type: m1.small",
).book


@pytest.mark.parametrize(
    ("spec", "hourly", "monthly"),
    [
        (QuotedInstance(type="2c4g"), "0.028", "20.44"),
        (QuotedInstance(cores=Decimal(1), memory_gib=Decimal("0.5")), "0.011", "8.03"),
        # A flat price in place of the size; 73 GiB x 0.10 a month are 0.01 an hour.
        (QuotedInstance(type="m1.small", disks_gib=(("ssd", Decimal(73)),)), "0.06", "43.8"),
        # 10 GiB are 1.00 a month, and a fraction without an end an hour.
        (
            QuotedInstance(type="m1.small", disks_gib=(("ssd", Decimal(10)),)),
            "0.051369863014",
            "37.5",
        ),
    ],
)
def test_a_quote(spec: QuotedInstance, hourly: str, monthly: str) -> None:
    quoted = quote(FULL, spec, DAY)
    assert quoted is not None
    assert (quoted.hourly, quoted.monthly) == (Decimal(hourly), Decimal(monthly))
    assert quoted.currency == "EUR"


@pytest.mark.parametrize(
    "spec",
    [
        QuotedInstance(),
        QuotedInstance(type="odd"),
        QuotedInstance(cores=Decimal(1)),
        QuotedInstance(type="2c4g", disks_gib=(("tape", Decimal(1)),)),
    ],
)
def test_a_part_without_a_price_makes_the_quote_unknown(spec: QuotedInstance) -> None:
    assert quote(FULL, spec, DAY) is None
    assert quote(FULL, QuotedInstance(type="2c4g"), date(2019, 1, 1)) is None


@given(
    st.decimals(min_value=0, max_value=1000, places=12),
    st.lists(st.integers(0, 30 * 86_400), min_size=2, max_size=20),
)
def test_parts_of_a_time_add_up_to_the_whole(rate: Decimal, seconds: list[int]) -> None:
    times: list[datetime] = [
        at("2026-03-01 00:00") + timedelta(seconds=one) for one in sorted(seconds)
    ]
    parts = [part(rate, 3600, *pair) for pair in pairwise(times)]
    assert sum(parts) == part(rate, 3600, times[0], times[-1])
    assert all(one >= 0 for one in parts)


def test_rounding_is_half_to_even() -> None:
    half = Fraction(1, 2 * 10**12)
    assert rounded(half) == 0
    assert rounded(3 * half) == Decimal("0.000000000002")


def test_a_version_is_kept_for_each_text(store: Store) -> None:
    first, new = save_price_book(store, "default", BOOK, saved_by="ann")
    assert (first.version, new, first.label) == (1, True, "datacentre@1")
    assert save_price_book(store, "default", BOOK, saved_by="bob")[1] is False
    dearer = BOOK.replace("0.0123", "0.0124")
    second, new = save_price_book(store, "default", dearer, saved_by="bob")
    assert (second.version, new) == (2, True)
    assert load_price_book(store, "default", "datacentre").book.prices[0].price == Decimal("0.0124")
    assert load_price_book(store, "default", "datacentre", 1).book == first.book
    with store.reading() as connection:
        entries = audit.list_all(connection, "default")
        history = price_books.history(connection, "default", "datacentre")
    assert [(one.actor, one.action, one.detail["version"]) for one in entries] == [
        ("ann", "price_book.saved", 1),
        ("bob", "price_book.saved", 2),
    ]
    assert entries[1].detail["previous_digest"] == entries[0].detail["digest"]
    assert [(one.version, one.saved_by) for one in history] == [(2, "bob"), (1, "ann")]


def test_a_text_that_is_no_book_is_not_saved(store: Store) -> None:
    with pytest.raises(InvalidRequest):
        save_price_book(store, "default", BOOK.replace("EUR", "euro"), saved_by="ann")
    assert load_price_books(store, "default") == []


def test_a_removed_book_keeps_its_versions(store: Store) -> None:
    save_price_book(store, "default", BOOK, saved_by="ann")
    with store.writing() as connection:
        price_books.remove(connection, "default", "datacentre", removed_by="bob")
    assert load_price_books(store, "default") == []
    with pytest.raises(NotFound):
        load_price_book(store, "default", "datacentre")
    with store.writing() as connection, pytest.raises(NotFound):
        price_books.remove(connection, "default", "datacentre", removed_by="bob")
    assert load_price_book(store, "default", "datacentre", 1).version == 1
    back, new = save_price_book(store, "default", BOOK, saved_by="ann")
    assert (back.version, new) == (2, True)
    with store.reading() as connection:
        actions = [one.action for one in audit.list_all(connection, "default")]
    assert actions == ["price_book.saved", "price_book.removed", "price_book.saved"]

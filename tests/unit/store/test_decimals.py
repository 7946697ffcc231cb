"""Exact decimals: the same numbers, order and sums on both engines."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, func, insert, select

from skyclust.errors import InvalidRequest
from skyclust.store.bulk import insert_rows
from skyclust.store.decimals import PRECISION, SCALE, from_sortable, to_exact, to_sortable
from skyclust.store.engine import Store
from skyclust.store.types import ExactDecimal, exact_sum

LARGEST = Decimal("9" * (PRECISION - SCALE) + "." + "9" * SCALE)
SMALLEST = Decimal(1).scaleb(-SCALE)
NUMBERS = (
    LARGEST.copy_negate(),
    Decimal("-1000000"),
    Decimal("-10.5"),
    Decimal("-9.999999999999"),
    Decimal("-0.1"),
    -SMALLEST,
    Decimal(0),
    SMALLEST,
    Decimal("0.1"),
    Decimal("0.2"),
    Decimal("0.3"),
    Decimal("9.5"),
    Decimal("10"),
    Decimal("1e6"),
    LARGEST,
)

_metadata = MetaData()
AMOUNTS = Table(
    "test_amounts",
    _metadata,
    Column("number", Integer, primary_key=True),
    Column("service", Text),
    Column("amount", ExactDecimal, index=True),
)


@pytest.fixture
def store(store: Store) -> Iterator[Store]:
    """A store with a table of amounts."""
    with store.writing() as connection:
        _metadata.create_all(connection)
    yield store
    with store.writing() as connection:
        _metadata.drop_all(connection)


def fill(store: Store, amounts: Sequence[Decimal | None], service: str = "vm") -> None:
    """Insert amounts in this order."""
    with store.writing() as connection:
        rows = [{"service": service, "amount": amount} for amount in amounts]
        connection.execute(insert(AMOUNTS), rows)


def column(store: Store, query: Any) -> list[Any]:
    """Return the first column of a query."""
    with store.reading() as connection:
        return list(connection.scalars(query))


def test_every_number_comes_back_exactly(store: Store) -> None:
    fill(store, [*NUMBERS, None])
    found = column(store, select(AMOUNTS.c.amount).order_by(AMOUNTS.c.number))
    assert found == [*NUMBERS, None]
    assert {str(number.as_tuple().exponent) for number in found[:-1]} == {str(-SCALE)}


def test_rows_in_bulk_hold_the_same_numbers(store: Store) -> None:
    with store.writing() as connection:
        insert_rows(connection, AMOUNTS, [{"service": "vm", "amount": one} for one in NUMBERS])
    assert column(store, select(AMOUNTS.c.amount).order_by(AMOUNTS.c.amount)) == list(NUMBERS)


def test_the_order_is_that_of_the_numbers(store: Store) -> None:
    shuffled = list(NUMBERS)
    random.Random(4).shuffle(shuffled)
    fill(store, shuffled)
    amount = AMOUNTS.c.amount
    assert column(store, select(amount).order_by(amount)) == list(NUMBERS)
    assert column(store, select(amount).order_by(amount.desc())) == list(NUMBERS[::-1])
    assert column(store, select(func.min(amount))) == [LARGEST.copy_negate()]
    assert column(store, select(func.max(amount))) == [LARGEST]


@pytest.mark.parametrize("limit", [Decimal("-10.5"), Decimal(0), Decimal("0.2"), 10])
def test_conditions_compare_numbers(store: Store, limit: Decimal | int) -> None:
    fill(store, NUMBERS)
    amount = AMOUNTS.c.amount
    for condition, expected in (
        (amount < limit, [number for number in NUMBERS if number < limit]),
        (amount >= limit, [number for number in NUMBERS if number >= limit]),
        (amount == limit, [number for number in NUMBERS if number == limit]),
        (amount.in_([limit, LARGEST]), [limit, LARGEST]),
        (amount.between(limit, 10), [number for number in NUMBERS if limit <= number <= 10]),
    ):
        assert column(store, select(amount).where(condition).order_by(amount)) == expected


def test_a_sum_is_exact(store: Store) -> None:
    fill(store, [Decimal("0.1")] * 1000 + [None])
    fill(store, [Decimal("-0.000000000001"), Decimal("12345678901234567890.5")], "disk")
    service, amount = AMOUNTS.c.service, AMOUNTS.c.amount
    assert column(store, select(exact_sum(amount)).where(service == "vm")) == [Decimal(100)]
    total = exact_sum(amount)
    with store.reading() as connection:
        rows = connection.execute(
            select(service, total).group_by(service).order_by(total.desc())
        ).all()
    assert [tuple(row) for row in rows] == [
        ("disk", Decimal("12345678901234567890.499999999999")),
        ("vm", Decimal(100)),
    ]
    large = select(service).group_by(service).having(total > Decimal("100.5"))
    assert column(store, large) == ["disk"]


@pytest.mark.parametrize("amount", [LARGEST, LARGEST.copy_negate()])
def test_a_sum_larger_than_a_column_holds_is_returned_as_it_is(
    store: Store, amount: Decimal
) -> None:
    fill(store, [amount] * 3)
    with localcontext(prec=100):
        assert column(store, select(exact_sum(AMOUNTS.c.amount))) == [3 * amount]


def test_a_sum_of_no_rows_is_null(store: Store) -> None:
    assert column(store, select(exact_sum(AMOUNTS.c.amount))) == [None]
    fill(store, [None])
    assert column(store, select(exact_sum(AMOUNTS.c.amount))) == [None]


def test_random_numbers_are_kept_ordered_and_added_as_python_does(store: Store) -> None:
    chance = random.Random(7)
    numbers = [
        Decimal(chance.randint(-(10**20), 10**20)).scaleb(-chance.randint(0, SCALE))
        for _ in range(500)
    ]
    fill(store, numbers)
    amount = AMOUNTS.c.amount
    assert column(store, select(amount).order_by(amount)) == sorted(numbers)
    with localcontext(prec=100):
        assert column(store, select(exact_sum(amount))) == [sum(numbers)]
    assert [to_sortable(to_exact(number)) for number in sorted(numbers)] == sorted(
        to_sortable(to_exact(number)) for number in numbers
    )


@pytest.mark.parametrize(
    "number",
    [
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("0.0000000000001"),
        Decimal(10) ** (PRECISION - SCALE),
        -(Decimal(10) ** (PRECISION - SCALE)),
        Decimal("1e400"),
        LARGEST + SMALLEST / 10,
    ],
)
def test_what_would_be_rounded_is_refused(store: Store, number: Decimal) -> None:
    with pytest.raises(InvalidRequest, match="stored"):
        fill(store, [number])


@pytest.mark.parametrize("value", [0.1, "0.1", True])
def test_only_exact_types_are_taken(value: Any) -> None:
    with pytest.raises(TypeError, match="Decimal or int"):
        to_exact(value)


def test_arithmetic_in_sql_is_refused() -> None:
    amount = AMOUNTS.c.amount
    for compute in (
        lambda: amount + amount,
        lambda: amount * 2,
        lambda: 2 - amount,
        lambda: amount / 2,
        lambda: -amount,
    ):
        with pytest.raises(TypeError, match="compute in Python"):
            compute()


def test_zero_has_no_sign() -> None:
    assert to_sortable(to_exact(Decimal("-0.0"))) == to_sortable(to_exact(0))
    assert not to_exact(Decimal("-0")).is_signed()


def test_the_text_has_one_width() -> None:
    texts = [to_sortable(to_exact(number)) for number in NUMBERS]
    assert {len(text) for text in texts} == {PRECISION + 2}
    assert [from_sortable(text) for text in texts] == list(NUMBERS)

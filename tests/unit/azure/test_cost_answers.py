"""Answers of the query API: columns by name, doubles as Decimal, and answers that are refused."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from providers.azure.cost_answers import amount, currency, label, read_answer, usage_day
from skyclust.errors import UnexpectedAnswer

DOING = "read the costs"
COLUMNS = ["Cost", "UsageDate", "ServiceName", "Currency"]


def answer(rows: object, columns: list[Any] | None = None, **properties: object) -> bytes:
    """Return a response body with these columns and rows."""
    named = [{"name": name, "type": "Number"} for name in COLUMNS] if columns is None else columns
    return json.dumps(
        {"properties": {"nextLink": None, "columns": named, "rows": rows, **properties}}
    ).encode()


def with_amount(number: str) -> bytes:
    """Return a response body with an amount as it is written."""
    return answer([["AMOUNT", 20260131, "Storage", "USD"]]).replace(b'"AMOUNT"', number.encode())


def test_columns_are_read_by_their_names() -> None:
    columns = [
        {"name": name} for name in ("Currency", "CostStatus", "ServiceName", "UsageDate", "Cost")
    ]
    [row] = read_answer(answer([["eur", "x", "Storage", 20260131, 1.5]], columns), DOING).rows
    assert amount(row, "Cost", DOING) == Decimal("1.5")
    assert usage_day(row, DOING) == date(2026, 1, 31)
    assert label(row, "ServiceName", DOING) == "Storage"
    assert currency(row, DOING) == "EUR"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("0.1", "0.1"),
        ("0.10000000000000001", "0.1"),
        ("12345.678900000001", "12345.6789"),
        ("123456.12345678900000001", "123456.123456789"),
        ("19.545363672276512", "19.545363672277"),
        ("-3", "-3"),
        ("0", "0"),
        ("1.5E-7", "0.00000015"),
        ("4.9E-324", "0"),
    ],
)
def test_a_double_becomes_the_decimal_of_its_shortest_form(number: str, expected: str) -> None:
    [row] = read_answer(with_amount(number), DOING).rows
    read = amount(row, "Cost", DOING)
    assert read == Decimal(expected)
    assert read.as_tuple().exponent == -12


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_number_that_is_none_is_refused(number: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        read_answer(with_amount(number), DOING)


@pytest.mark.parametrize("number", ["null", '"1.5"', "true", "1e30", "[1]"])
def test_what_is_no_amount_is_refused(number: str) -> None:
    [row] = read_answer(with_amount(number), DOING).rows
    with pytest.raises(UnexpectedAnswer, match="not an amount"):
        amount(row, "Cost", DOING)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"properties": null}',
        answer(None),
        answer({}),
        answer([], columns=[{"type": "Number"}]),
        answer([], columns=["Cost"]),
        answer([], columns=[{"name": "Cost"}, {"name": "Cost"}]),
        answer([[1.5, 20260131, "Storage"]]),
        answer([[1.5, 20260131, "Storage", "USD", "x"]]),
        answer([{"Cost": 1.5}]),
        answer([None]),
        answer([], nextLink=7),
    ],
)
def test_an_answer_that_is_not_documented_is_no_empty_answer(body: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        read_answer(body, DOING)


@pytest.mark.parametrize("day", ["20260131", 20261331, 260131, 202601311, 20260131.5, None, True])
def test_what_is_no_day_is_refused(day: object) -> None:
    [row] = read_answer(answer([[1.5, day, "Storage", "USD"]]), DOING).rows
    with pytest.raises(UnexpectedAnswer, match="UsageDate"):
        usage_day(row, DOING)


def test_a_missing_column_and_a_missing_currency_are_refused() -> None:
    [row] = read_answer(answer([[1.5, 20260131, None, ""]]), DOING).rows
    assert label(row, "ServiceName", DOING) == ""
    with pytest.raises(UnexpectedAnswer, match="no column PreTaxCost"):
        amount(row, "PreTaxCost", DOING)
    with pytest.raises(UnexpectedAnswer, match="no currency"):
        currency(row, DOING)
    with pytest.raises(UnexpectedAnswer, match="not a text"):
        label(row, "UsageDate", DOING)


def test_an_empty_answer_has_no_rows_and_no_next_page() -> None:
    read = read_answer(answer([], nextLink=""), DOING)
    assert (read.rows, read.next_link) == ([], None)

"""Rates are read exactly, refused as a whole, and closed months keep theirs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from skyclust.costs.rates.reading import read_rates
from skyclust.costs.rates.recording import record_rates
from skyclust.costs.rates.table import RateTable
from skyclust.errors import Conflict, InvalidRequest
from skyclust.model.currency_rate import CurrencyRate
from skyclust.store import audit, currency_rates
from skyclust.store.engine import Store

BANK = "Date, USD, JPY, CYP, \n2026-03-02, 1.0325, 160.11, N/A, \n2026-02-27, 1.04, 161, N/A, \n"
TODAY = date(2026, 3, 10)


def test_the_table_of_the_central_bank() -> None:
    rates = read_rates(BANK, origin="file", currencies=frozenset({"USD"}))
    assert [(one.to_currency, one.valid_from, one.rate) for one in rates] == [
        ("USD", date(2026, 3, 2), Decimal("1.0325")),
        ("USD", date(2026, 2, 27), Decimal("1.04")),
    ]
    table = RateTable(rates)
    assert table.rate("EUR", "USD", date(2026, 3, 1)) == Decimal("1.04"), "Friday's, on a Sunday"
    assert table.rate("EUR", "USD", date(2026, 2, 1)) is None
    assert len(read_rates(BANK, origin="file", since=date(2026, 3, 1))) == 2


def test_one_rate_a_line() -> None:
    text = "\ufeffdate,currency,to_currency,rate,origin\r\n2026-01-01,USD,EUR,0.9,contract\r\n"
    [rate] = read_rates(text, origin="file")
    assert rate == CurrencyRate("USD", "EUR", date(2026, 1, 1), Decimal("0.9"), "contract")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "first line"),
        ("a,b\n1,2\n", "first line"),
        ("Date,USD\n02.03.2026,1\n", "Line 2"),
        ("Date,USD\n2026-03-02,one\n", "Line 2"),
        ("Date,USD\n2026-03-02,-1\n", "Line 2"),
        ("Date,USD\n2026-03-02,NaN\n", "Line 2"),
        ("date,currency,to_currency,rate\n2026-03-02,usd,EUR,1\n", "no currency"),
    ],
)
def test_what_is_no_rate_is_refused_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(InvalidRequest, match=problem):
        read_rates(text, origin="file")


LINES = "date,currency,to_currency,rate\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{LINES}2026-03-02,USD,EUR,0.9\n2026-03-02,USD,EUR,0.8\n", "Lines 2 and 3.*0.9 and 0.8"),
        (f"{LINES}2026-03-02,USD,EUR,1\n2026-03-03,USD,EUR,1\n2026-03-02,USD,EUR,2", "2 and 4"),
        ("Date,USD\n2026-03-02,1.1\n\n2026-03-02,1.2\n", "Lines 2 and 4"),
        ("Date,USD,USD\n2026-03-02,1.1,1.2\n", "more than one column 'USD'"),
        ("date,currency,to_currency,rate,rate\n2026-03-02,USD,EUR,1,2\n", "one column 'rate'"),
    ],
)
def test_two_rates_of_one_day_are_refused_with_both_lines(text: str, problem: str) -> None:
    with pytest.raises(InvalidRequest, match=problem):
        read_rates(text, origin="file")
    with pytest.raises(InvalidRequest, match=problem):
        read_rates(text, origin="file", since=date(2027, 1, 1))


def test_the_same_rate_again_is_one_rate() -> None:
    text = f"{LINES}2026-03-02,USD,EUR,0.9\n2026-03-02,USD,EUR,0.90\n2026-03-02,EUR,USD,1.2\n"
    assert [one.rate for one in read_rates(text, origin="file")] == [Decimal("0.9"), Decimal("1.2")]


def test_a_closed_month_keeps_its_rate_and_nothing_is_written(store: Store) -> None:
    def record(text: str) -> int:
        rates = read_rates(text, origin="file")
        return record_rates(store, "default", rates, today=TODAY, recorded_by="user:1")

    assert record(BANK) == 4
    assert record(BANK) == 0
    with pytest.raises(Conflict, match="closed"):
        record("Date,USD\n2026-03-02,1.5\n2026-02-27,1.5\n")
    assert record("Date,USD\n2026-03-02,1.5\n2026-01-02,1.1\n") == 2
    with store.reading() as connection:
        found = {
            (one.to_currency, one.valid_from): one.rate
            for one in currency_rates.list_all(connection, "default")
        }
        lines = [line.action for line in audit.list_all(connection, "default")]
    assert found["USD", date(2026, 3, 2)] == Decimal("1.5")
    assert found["USD", date(2026, 2, 27)] == Decimal("1.04")
    assert found["USD", date(2026, 1, 2)] == Decimal("1.1"), "what it lacked may be added"
    assert lines.count("currency_rates.recorded") == 2

"""Reading dated rates from CSV: the European Central Bank's table, or one rate a line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from skyclust.errors import InvalidRequest
from skyclust.model.currency_rate import CurrencyRate

ECB: Final = "European Central Bank"
"""The origin of the rates of eurofxref-hist.csv, of which one euro is so many units of a currency
(https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates)."""

NOT_AVAILABLE: Final = frozenset({"", "N/A"})
"""What the bank's table has for a currency without a rate on a day."""

LINE_COLUMNS: Final = ("date", "currency", "to_currency", "rate")
"""The columns of a file with one rate a line; `origin` may follow."""

_CURRENCY: Final = re.compile(r"[A-Z]{3}")

_Numbered = Iterator[tuple[int, CurrencyRate]]
"""Rates with the number of their line."""


def read_rates(
    text: str, *, origin: str, currencies: frozenset[str] = frozenset(), since: date | None = None
) -> list[CurrencyRate]:
    """Return the rates of a CSV file, by its columns.

    `Date, USD, JPY, ...` is the European Central Bank's table: a row a day, of one euro. `date,
    currency, to_currency, rate[, origin]` is one rate a line. Only of `currencies` where there are
    any, and valid from `since` on. `origin` is for lines that have none. Raises InvalidRequest with
    the line for anything else, and with both lines for two different rates of one day.
    """
    reader = csv.DictReader(text.lstrip("\ufeff").splitlines(), skipinitialspace=True)
    names = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = names
    _refuse_repeated(names)
    if names[:1] == ["Date"]:
        rates = _table(reader, [name for name in names[1:] if name])
    elif set(LINE_COLUMNS) <= set(names):
        rates = _lines(reader, origin)
    else:
        raise InvalidRequest(
            "The first line of the file does not name the columns of rates.",
            hint=f"Date,USD,... as the European Central Bank has it, or {','.join(LINE_COLUMNS)}.",
        )
    return [
        rate
        for rate in _unambiguous(rates)
        if (since is None or rate.valid_from >= since)
        and (not currencies or {rate.currency, rate.to_currency} - {"EUR"} <= currencies)
    ]


def _refuse_repeated(names: Sequence[str]) -> None:
    """Raise InvalidRequest for a column that is there twice: only the last would be read."""
    named = [name for name in names if name]
    if repeated := [name for name in named if named.count(name) > 1]:
        raise InvalidRequest(
            f"The first line of the file has more than one column {repeated[0][:60]!r}.",
            hint="Remove one of them: which of them counts cannot be known.",
        )


def _unambiguous(rates: Iterable[tuple[int, CurrencyRate]]) -> Iterator[CurrencyRate]:
    """Yield each rate once; raises InvalidRequest for two different ones of one day."""
    known: dict[tuple[str, str, date], tuple[int, CurrencyRate]] = {}
    for line, rate in rates:
        key = (rate.currency, rate.to_currency, rate.valid_from)
        first, before = known.setdefault(key, (line, rate))
        if before.rate != rate.rate:
            raise InvalidRequest(
                f"Lines {first} and {line}: the rate of {rate.currency} in {rate.to_currency} from"
                f" {rate.valid_from} is both {before.rate} and {rate.rate}.",
                hint="Remove one of the lines; nothing of the file was imported.",
            )
        if before is rate:
            yield rate


def _table(reader: csv.DictReader[str], names: list[str]) -> _Numbered:
    for row in reader:
        day = _day(row.get("Date"), reader.line_num)
        for name in names:
            value = (row.get(name) or "").strip()
            if value not in NOT_AVAILABLE:
                rate = _rate(value, reader.line_num)
                currency = _currency(name, reader.line_num)
                yield reader.line_num, CurrencyRate("EUR", currency, day, rate, ECB)


def _lines(reader: csv.DictReader[str], origin: str) -> _Numbered:
    for row in reader:
        values: Mapping[str, str] = {name: (row.get(name) or "").strip() for name in row if name}
        rate = CurrencyRate(
            _currency(values["currency"], reader.line_num),
            _currency(values["to_currency"], reader.line_num),
            _day(values["date"], reader.line_num),
            _rate(values["rate"], reader.line_num),
            values.get("origin") or origin,
        )
        yield reader.line_num, rate


def _day(text: str | None, line: int) -> date:
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError as error:
        raise InvalidRequest(f"Line {line}: {text!r} is no date, such as 2026-01-31.") from error


def _rate(text: str, line: int) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation as error:
        raise InvalidRequest(f"Line {line}: {text!r} is no rate.") from error
    if not rate.is_finite() or rate <= 0:
        raise InvalidRequest(f"Line {line}: the rate {text} is not more than zero.")
    return rate


def _currency(text: str, line: int) -> str:
    if not _CURRENCY.fullmatch(text):
        raise InvalidRequest(f"Line {line}: {text!r} is no currency of ISO 4217, such as EUR.")
    return text

"""Conversion of costs between currencies by a dated table of rates.

A charge is converted by the rate of its own day, so that a closed month keeps its rates. Without a
rate an amount stays in its currency: currencies are never added without one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import pandas as pd

from skyclust.costs.analysis.frames import AMOUNTS, Record, dimensions_of, records, sum_by
from skyclust.errors import InvalidRequest
from skyclust.model.currency_rate import CurrencyRate

SCALE: Final = Decimal(1).scaleb(-12)
"""A converted amount is rounded to the digits that the ledger has."""


class RateTable:
    """The rates of a workspace, looked up by day."""

    def __init__(self, rates: Sequence[CurrencyRate]) -> None:
        self._rates: dict[tuple[str, str], list[tuple[date, Decimal]]] = {}
        for one in sorted(rates, key=lambda rate: rate.valid_from):
            if one.rate <= 0:
                raise InvalidRequest(f"The rate of {one.currency} must be more than zero.")
            pair = (one.currency, one.to_currency)
            self._rates.setdefault(pair, []).append((one.valid_from, one.rate))

    def rate(self, currency: str, to_currency: str, day: date) -> Decimal | None:
        """Return the rate of a day: the latest that was valid by then, or the inverse of that.

        None where no rate had begun by then. One for a currency to itself.
        """
        if currency == to_currency:
            return Decimal(1)
        direct = self._valid(currency, to_currency, day)
        if direct is not None:
            return direct
        inverse = self._valid(to_currency, currency, day)
        return None if inverse is None else 1 / inverse

    def _valid(self, currency: str, to_currency: str, day: date) -> Decimal | None:
        dated = self._rates.get((currency, to_currency), [])
        at = bisect_right(dated, day, key=lambda pair: pair[0])
        return dated[at - 1][1] if at else None


def convert(frame: pd.DataFrame, to_currency: str, rates: RateTable) -> pd.DataFrame:
    """Return a frame with a dimension `day` whose amounts are in one currency where a rate is.

    Amounts without a rate stay as they are, in their own currency. Raises InvalidRequest for a
    frame without days.
    """
    dimensions = dimensions_of(frame)
    if "day" not in dimensions:
        raise InvalidRequest("Costs are converted by day, and these are not by day.")
    rows = [_converted(row, to_currency, rates) for row in records(frame)]
    converted = pd.DataFrame(rows, columns=frame.columns, dtype=object)
    return sum_by(converted, dimensions)


def _converted(row: Record, to_currency: str, rates: RateTable) -> Record:
    day = row["day"]
    if not isinstance(day, date):
        raise InvalidRequest(f"A cost has no day, but {day!r}.")
    rate = rates.rate(str(row["currency"]), to_currency, day)
    if rate is None:
        return row
    amounts = {name: _times(row[name], rate) for name in AMOUNTS}
    return row | amounts | {"currency": to_currency}


def _times(amount: object, rate: Decimal) -> Decimal | None:
    return (amount * rate).quantize(SCALE) if isinstance(amount, Decimal) else None

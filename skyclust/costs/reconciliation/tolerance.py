"""When a difference is small enough, and what a comparison comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from skyclust.costs.exact import EXACT

_WHOLE_UNITS: Final = ("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF")
"""Currencies of ISO 4217 without a smaller unit."""


class Verdict(StrEnum):
    """What a comparison comes to."""

    WITHIN = "within tolerance"
    OUTSIDE = "outside tolerance"
    NOT_COMPARABLE = "not comparable"
    NO_TOTAL = "not reconciled: the source states no total"
    NOT_COLLECTED = "not collected: the source states a total, and nothing was delivered"


@dataclass(frozen=True)
class Tolerance:
    """A difference is within tolerance up to the larger of a share of the total and a floor.

    The share is 0.1% by default. The floor is 0.05 units of the currency: clouds round each line
    of an invoice to the cent. `floors` are those of currencies whose smallest unit is another.
    """

    share: Decimal = Decimal("0.001")
    floor: Decimal = Decimal("0.05")
    floors: Mapping[str, Decimal] = field(
        default_factory=lambda: MappingProxyType(dict.fromkeys(_WHOLE_UNITS, Decimal(5)))
    )

    def verdict(self, difference: Decimal, total: Decimal, currency: str) -> Verdict:
        """Return whether a difference from a total is within tolerance."""
        allowed = max(self.share * abs(total), self.floors.get(currency, self.floor))
        return Verdict.WITHIN if abs(difference) <= allowed else Verdict.OUTSIDE


def percent_of(difference: Decimal, total: Decimal) -> Decimal | None:
    """Return a difference in percent of a total, with four digits; None where that is zero."""
    if not total:
        return None
    return (difference * 100 / abs(total)).quantize(Decimal("0.0001"), context=EXACT)

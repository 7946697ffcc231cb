"""How an exact decimal number is kept as text whose order is the order of the numbers.

SQLite has no exact number with a fraction: its NUMERIC and REAL are floating-point numbers of 64
bits (https://www.sqlite.org/datatype3.html). So the store keeps decimals there as text of fixed
width. A positive number is `+` and its digits, a negative one is `-` and the nines' complement of
its digits. `-` would sort after `+` in ASCII, hence `p` and `n`: `n...` < `p...`.

    12.5    p00000000000000000000000012.500000000000
    -12.5   n99999999999999999999999987.499999999999
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Final

from skyclust.errors import InvalidRequest

PRECISION: Final = 38
"""Digits of a number. The decimal types of BigQuery (NUMERIC), Snowflake and Azure SQL, which cost
reports come from, have 38 at most."""

SCALE: Final = 12
"""Digits behind the point: the finest price of a rate card has 10 (AWS Lambda per GB-second)."""

_WHOLE: Final = PRECISION - SCALE
_NINES: Final = 10**PRECISION - 1
_COMPLEMENT: Final = str.maketrans("0123456789", "9876543210")


def to_exact(value: object) -> Decimal:
    """Return a number with SCALE digits behind the point, equal to the given one.

    Raises InvalidRequest for NaN and infinity, and for a number that would be rounded or does not
    fit into PRECISION digits: the store never rounds. Raises TypeError for a float, which is not
    the number that was written.
    """
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        raise TypeError(f"A decimal is given as Decimal or int, not as {type(value).__name__}.")
    number = Decimal(value)
    if not number.is_finite():
        raise InvalidRequest(f"{number} is not a number that can be stored.")
    with localcontext(prec=PRECISION + SCALE + 1):
        # Quantized only within the range, for the context would refuse what is beyond it.
        fits = number.adjusted() < _WHOLE or number.is_zero()
        exact = number.quantize(Decimal(1).scaleb(-SCALE)) if fits else number
        if not fits or exact != number:
            raise InvalidRequest(
                f"{number} cannot be stored exactly: a number has up to {_WHOLE} digits before"
                f" the point and {SCALE} behind it.",
                hint="Round it before it is stored, where the rule of rounding is known.",
            )
        return exact.copy_abs() if exact.is_zero() else exact  # there is no -0


def to_sortable(value: Decimal) -> str:
    """Return the text of a number that `to_exact` has returned."""
    # copy_abs and copy_negate: abs() and unary minus round to the context's precision.
    digits = f"{value.copy_abs():0{PRECISION + 1}.{SCALE}f}"
    return f"n{digits.translate(_COMPLEMENT)}" if value < 0 else f"p{digits}"


def from_sortable(text: str) -> Decimal:
    """Return the number of a text that `to_sortable` has made."""
    if text.startswith("n"):
        return Decimal(text[1:].translate(_COMPLEMENT)).copy_negate()
    return Decimal(text[1:])


class SortableSum:
    """The aggregate `exact_sum` of SQLite: it adds sortable texts, and returns one.

    It adds whole numbers of the last digit, which takes half of the time that Decimal takes.
    """

    def __init__(self) -> None:
        self._sum: int | None = None

    def step(self, text: str | None) -> None:
        """Add one value; NULL adds nothing, as with every SQL aggregate."""
        if text is not None:
            digits = int(text[1:].replace(".", "", 1))
            value = digits if text[0] == "p" else digits - _NINES
            self._sum = value if self._sum is None else self._sum + value

    def finalize(self) -> str | None:
        """Return the sum, NULL when nothing was added.

        One with more digits than a column holds is returned too, as PostgreSQL does: its text is
        longer, and sorts among its like only.
        """
        if self._sum is None:
            return None
        with localcontext(prec=2 * PRECISION):
            return to_sortable(Decimal(self._sum).scaleb(-SCALE))

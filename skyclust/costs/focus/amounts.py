"""Delivered numbers as exact decimals of the ledger, and decimals as text.

A double becomes the decimal of its shortest representation (the text with the fewest digits that
reads back as the same double), so that one delivered number has one hash. Digits beyond the twelfth
behind the point are rounded half to even.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from skyclust.costs.focus.ledger_schema import AMOUNT
from skyclust.costs.focus.values import Place, is_binary, without_nulls

SCALE: Final = 12
_WIDE: Final = pa.decimal256(76, 38)
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_QUANTUM: Final = Decimal(1).scaleb(-SCALE)
_LIMIT: Final = Decimal(10) ** 26
_ROUNDING_LIMIT: Final = Decimal(10) ** 18
"""Below it Arrow rounds as it should. From 20 digits before the point on it loses a carry (26.0:
20 nines, a point and 13 nines do not become 10**20), and its cast lets 39 digits pass."""
LARGEST_COST: Final = Decimal(10) ** 17
"""No cost of a row reaches it, so that the sum of a thousand million rows has the 26 digits before
the point that the ledger's numbers have."""

_HINT: Final = (
    "A number has up to 26 digits before the point, a point and no other sign, as 12.5 or 1.5E-7."
)


def to_amounts(array: Any, place: Place) -> Any:
    """Return a column as decimals with 12 digits behind the point.

    Reads texts, integers, doubles and decimals of any scale. Raises InvalidRequest for a value that
    is no number (NaN and infinity too) or does not fit, and for a column of another type.
    """
    kind = array.type
    if pa.types.is_null(kind) or pa.types.is_integer(kind):
        return array.cast(AMOUNT)
    if pa.types.is_decimal(kind):
        return _from_decimals(array, place)
    if is_binary(kind) or pa.types.is_floating(kind):
        array = array.cast(pa.string())
    if not pa.types.is_string(array.type):
        raise place.refused_type(array, "a number")
    return _from_texts(without_nulls(array), place)


def require_costs(amounts: Any, place: Place) -> None:
    """Raise InvalidRequest for the first of a column's costs that reaches LARGEST_COST."""
    if _all_below(LARGEST_COST, amounts):
        return
    for index, amount in enumerate(amounts.to_pylist()):
        if amount is not None and amount.copy_abs() >= LARGEST_COST:
            raise place.refusal(
                index,
                f"{amount:f}",
                "has more than 17 digits before the point",
                "A cost has up to 17 digits before the point, so that sums can be exact. Did it"
                " lose its point?",
            )


def _from_texts(texts: Any, place: Place) -> Any:
    try:
        return texts.cast(AMOUNT)
    except pa.ArrowInvalid:
        pass  # some value is no number, or has more than twelve digits behind the point
    try:
        wide = texts.cast(_WIDE)
        if _all_below(_ROUNDING_LIMIT, wide):
            return _rounded(wide).cast(AMOUNT)
    except pa.ArrowInvalid:
        pass
    values = texts.to_pylist()
    return pa.array([_exact(text, index, place) for index, text in enumerate(values)], AMOUNT)


def _exact(text: str | None, index: int, place: Place) -> Decimal | None:
    if text is None:
        return None
    trimmed = text.strip(" \t")
    if _NUMBER.fullmatch(trimmed) is None:
        raise place.refusal(index, text, "is not a number", _HINT)
    with localcontext(prec=2000, rounding=ROUND_HALF_EVEN):
        number = Decimal(trimmed)
        rounded = number.quantize(_QUANTUM) if abs(number) < _LIMIT else number
        if abs(rounded) >= _LIMIT:
            raise place.refusal(index, text, "has more than 26 digits before the point", _HINT)
        return rounded


def _from_decimals(array: Any, place: Place) -> Any:
    if array.type.scale <= SCALE and _all_below(_LIMIT, array):
        return array.cast(AMOUNT)
    if array.type.scale > SCALE and _all_below(_ROUNDING_LIMIT, array):
        return _rounded(array).cast(AMOUNT)
    texts = [None if value is None else str(value) for value in array.to_pylist()]
    return pa.array([_exact(text, index, place) for index, text in enumerate(texts)], AMOUNT)


def _all_below(limit: Decimal, array: Any) -> bool:
    ends = pc.min_max(array).as_py().values()
    # `abs` would round to 28 digits.
    return all(value is None or value.copy_abs() < limit for value in ends)


def _rounded(array: Any) -> Any:
    return pc.round(array, ndigits=SCALE, round_mode="half_to_even")


def to_plain_text(amounts: Any) -> Any:
    """Return decimals of the ledger as text without exponent and without zeros at the end.

    FOCUS, attribute "numeric format": no sign of a positive number, a point as the only mark.
    """
    # The same 16 bytes a value, read as the integer that has all the digits.
    integers = pa.Array.from_buffers(
        pa.decimal128(38, 0),
        len(amounts),
        amounts.buffers(),
        amounts.null_count,
        amounts.offset,
    )
    signed = integers.cast(pa.string())
    digits = pc.utf8_lpad(pc.utf8_ltrim(signed, "-"), SCALE + 1, "0")
    fraction = pc.utf8_rtrim(pc.utf8_slice_codeunits(digits, -SCALE), "0")
    return pc.binary_join_element_wise(
        pc.if_else(pc.starts_with(signed, "-"), "-", ""),
        pc.utf8_slice_codeunits(digits, 0, -SCALE),
        pc.if_else(pc.equal(fraction, ""), "", "."),
        fraction,
        "",
    )

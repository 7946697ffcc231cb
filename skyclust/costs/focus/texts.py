"""Delivered texts, and values of other types that the ledger keeps as text."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from skyclust.costs.focus.amounts import to_plain_text
from skyclust.costs.focus.json_texts import to_json_texts
from skyclust.costs.focus.ledger_schema import AMOUNT, TIME
from skyclust.costs.focus.times import to_focus_text
from skyclust.costs.focus.values import Place, is_binary, without_nulls
from skyclust.errors import InvalidRequest

EMPTY: Final = pa.array([""])


def to_texts(array: Any, place: Place) -> Any:
    """Return a FOCUS column of texts or JSON; an empty text and `NULL` are null.

    An identifier that was delivered as integer is its digits. Raises InvalidRequest for doubles,
    which do not have all digits of an identifier, and for bytes that are not UTF-8.
    """
    if pa.types.is_floating(array.type) and array.null_count < len(array):
        raise place.refused_type(array, "text: a double has lost digits of an identifier")
    return without_nulls(_as_text(array, place))


def to_extra_texts(array: Any, place: Place) -> Any:
    """Return an `x_` column as text; an empty text is null, since CSV has one form of both."""
    return without_nulls(_as_text(array, place), EMPTY)


def _as_text(array: Any, place: Place) -> Any:
    kind = array.type
    if pa.types.is_string(kind):
        return array
    if pa.types.is_nested(kind):
        return to_json_texts(array)
    if pa.types.is_timestamp(kind):
        instants = array.cast(pa.timestamp("us", tz=kind.tz), safe=False)
        return to_focus_text(instants.cast(TIME))
    if pa.types.is_decimal(kind):
        return _plain_decimals(array)
    try:
        return array.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError) as error:
        if is_binary(kind):
            raise InvalidRequest(
                f"{place.origin}: column {place.column} has bytes that are not UTF-8.",
                hint="Export the file in UTF-8.",
            ) from error
        raise place.refused_type(array, "text") from error


def _plain_decimals(array: Any) -> Any:
    if array.type.scale <= AMOUNT.scale and array.type.precision <= AMOUNT.precision:
        try:
            return to_plain_text(array.cast(AMOUNT))
        except pa.ArrowInvalid:
            pass  # more than 26 digits before the point
    texts = [None if value is None else f"{value:f}" for value in array.to_pylist()]
    return pa.array(texts, pa.string())


def unescaped(texts: Any, marks: Any) -> Any:
    """Return texts without the apostrophe that our CSV writer put before them, where marked."""
    if not pc.any(marks).as_py():
        return texts
    escaped = pc.and_(marks, pc.starts_with(texts, "'"))
    return pc.if_else(escaped, pc.utf8_slice_codeunits(texts, 1), texts)

"""Where a delivered value stands, and how it is refused and made null."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from skyclust.errors import InvalidRequest

NULLS: Final = pa.array(["", "NULL"])
"""Texts that mean null. FOCUS has neither (attribute "null handling"); exports have both."""

LONGEST_VALUE: Final = 60
"""Characters of a value that an error or a remark shows."""


@dataclass(frozen=True)
class Place:
    """A column of a batch of rows; `first_row` is the number of the batch's first row, from 1."""

    origin: str
    column: str
    first_row: int

    def refusal(self, index: int, value: object, reason: str, hint: str) -> InvalidRequest:
        """Return the error for the value at an index of the batch."""
        return InvalidRequest(
            f"{self.origin}: row {self.first_row + index}, column {self.column}:"
            f" {shortened(str(value))!r} {reason}.",
            hint=hint,
        )

    def row(self, index: int) -> str:
        """Return the name of the row at an index of the batch."""
        return f"row {self.first_row + index} of {self.origin}"

    def refused_type(self, array: Any, wanted: str) -> InvalidRequest:
        """Return the error for a column of a type that cannot be read."""
        return InvalidRequest(
            f"{self.origin}: column {self.column} has the type {array.type}, which cannot be read"
            f" as {wanted}.",
            hint="Export the column with the type that the FOCUS specification gives it.",
        )


def shortened(text: str) -> str:
    """Return a text of at most LONGEST_VALUE characters, with three dots where it was longer."""
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def without_nulls(array: Any, nulls: Any = NULLS) -> Any:
    """Return an array of texts with null where a text means null."""
    means_null = pc.is_in(array, value_set=nulls, skip_nulls=True)
    if not pc.any(means_null).as_py():
        return array
    return pc.if_else(means_null, pa.scalar(None, pa.string()), array)


def plain(array: Any) -> Any:
    """Return an array that is neither chunked nor dictionary encoded, and whose texts are short.

    "Short" is of the Arrow type `string`, whose offsets have 32 bits.
    """
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # one without chunks, or beyond 2 GiB of text
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        array = array.cast(pa.string())
    return array


def is_binary(kind: Any) -> bool:
    """Return whether a type is of bytes."""
    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)
    )

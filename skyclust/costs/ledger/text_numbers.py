"""Texts of rows that are put aside as numbers: each different text of a column is kept once.

Rows are sorted, read again and hashed faster so, for the values of a bill repeat.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skyclust.costs.ledger.row_digests import LANES, text_digests

LARGEST: Final = 64 << 20
"""Bytes of all texts that are kept; a column that would need more stays text from there on."""

_MOST_DIFFERENT: Final = 0.9
"""A column with a larger share of different texts in its first rows stays text."""


class KeptTexts(NamedTuple):
    """The texts of a column, whose places are their numbers, and their digests."""

    texts: Any
    digests: Any


_NONE: Final = KeptTexts(pa.array([], pa.string()), np.empty((0, LANES), np.uint64))


@dataclass
class TextNumbers:
    """The texts of each column. Rows may come in many tables."""

    _kept: dict[str, KeptTexts] = field(default_factory=dict)
    _plain: set[str] = field(default_factory=set)
    _bytes: int = 0

    def numbered(self, table: Any) -> Any:
        """Return a table with numbers in place of texts, without the columns that are null."""
        columns: dict[str, Any] = {}
        for name, column in zip(table.column_names, table.columns, strict=True):
            if column.null_count == len(column):
                continue
            if pa.types.is_string(column.type) and name not in self._plain:
                columns[name] = self._numbers(name, column)
            else:
                columns[name] = column
        return pa.table(columns)

    def encoded(self, name: str, parts: list[Any]) -> KeptTexts:
        """Return parts of a text column, int32 numbers or text, as one array with a dictionary.

        The dictionary has the texts of these rows alone; the digests are of the dictionary.
        """
        kept = self._kept.get(name, _NONE)
        if any(pa.types.is_string(part.type) for part in parts):
            texts = [
                part if pa.types.is_string(part.type) else kept.texts.take(part) for part in parts
            ]
            encoded = pa.concat_arrays(texts).dictionary_encode()
            return KeptTexts(encoded, text_digests(encoded.dictionary))
        encoded = pa.concat_arrays(parts).dictionary_encode()
        numbers = encoded.dictionary
        array = pa.DictionaryArray.from_arrays(encoded.indices, kept.texts.take(numbers))
        return KeptTexts(array, kept.digests[numbers.to_numpy()])

    def _numbers(self, name: str, column: Any) -> Any:
        """Return the numbers of texts; the texts themselves for a column that stays text."""
        encoded = column.combine_chunks().dictionary_encode()
        kept = self._kept.get(name, _NONE)
        places = pc.index_in(encoded.dictionary, value_set=kept.texts)
        new = encoded.dictionary.filter(places.is_null())
        rare = kept is _NONE and len(new) > len(column) * _MOST_DIFFERENT
        if rare or self._bytes + new.nbytes > LARGEST:
            self._plain.add(name)
            return column
        if len(new):
            self._bytes += new.nbytes
            numbers = np.arange(len(kept.texts), len(kept.texts) + len(new), dtype=np.int32)
            places = pc.replace_with_mask(places, places.is_null(), pa.array(numbers))
            self._kept[name] = KeptTexts(
                pa.concat_arrays([kept.texts, new]),
                np.concatenate([kept.digests, text_digests(new)]),
            )
        return places.take(encoded.indices)

"""What was noticed about the values of a delivery, counted, for the person who imports it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from skyclust.costs.focus.values import Place, shortened

MOST_KNOWN: Final = 2**17
"""Sound texts that a delivery remembers, in about 10 MB."""


@dataclass
class _Noticed:
    rows: int
    first: str


class SoundTexts:
    """Texts that were read and have no remark, by their hashes, so that each is read once."""

    def __init__(self) -> None:
        self._hashes: set[int] = set()

    def others(self, texts: Iterable[str]) -> list[str]:
        """Return the texts that are not among these."""
        hashes = self._hashes
        return [text for text in texts if hash(text) not in hashes]

    def add(self, text: str) -> None:
        """Remember a text; when there are MOST_KNOWN, the others are forgotten."""
        if len(self._hashes) >= MOST_KNOWN:
            self._hashes.clear()
        self._hashes.add(hash(text))


class ValueRemarks:
    """The remarks about the values of one delivery: one for each column and kind."""

    def __init__(self) -> None:
        self.sound_texts = SoundTexts()
        self._noticed: dict[tuple[str, str], _Noticed] = {}

    def add(self, place: Place, texts: Any, values: Sequence[str], kind: str) -> None:
        """Count the rows of a batch that have one of these values; `kind` says what it means.

        `texts` are the values of the batch as they were delivered.
        """
        if not values:
            return
        rows = pc.is_in(texts, value_set=pa.array(values, pa.string()))
        index = pc.index(rows, pa.scalar(value=True)).as_py()
        noticed = self._noticed.setdefault(
            (place.column, kind),
            _Noticed(0, f"{shortened(texts[index].as_py())!r} in {place.row(index)}"),
        )
        noticed.rows += pc.sum(rows).as_py()

    def sentences(self) -> list[str]:
        """Return a sentence for each column and kind, with the number of rows and the first."""
        return [
            f"Column {column}, {noticed.rows:,} row{'' if noticed.rows == 1 else 's'}: {kind}."
            f" The first is {noticed.first}."
            for (column, kind), noticed in self._noticed.items()
        ]

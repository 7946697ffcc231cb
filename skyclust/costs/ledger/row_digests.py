"""Digests of rows, and the hash of a slice, on which neither order nor storage has an influence.

A row has a digest of 128 bits: for each column with a value, the value is mixed with a key of the
column's name, and the results are added. So a column that is null counts as one that is missing,
and the order of columns does not count. A slice has the SHA-256 of the sorted digests. The digests
find what a source changed; they are no defence against a source that seeks two rows of one digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

LANES: Final = 2
"""Numbers of 64 bits in a digest."""

# The mixing of SplitMix64, which has an inverse: equal results have equal inputs
# (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014, figure 17).
_STEPS: Final = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST_SHIFT: Final = 31


class RowDigests:
    """The digests of rows to which one column after the other is added."""

    def __init__(self, rows: int) -> None:
        self._lanes = [np.zeros(rows, np.uint64) for _ in range(LANES)]

    def add_texts(self, name: str, array: Any, digests: Any) -> None:
        """Add a column of texts with a dictionary; `digests` are `text_digests` of that."""
        # One more, for null.
        places = array.indices.fill_null(len(digests)).to_numpy(zero_copy_only=False)
        mixed = (_mixed(words ^ key) for words, key in zip(digests.T, _keys(name), strict=True))
        self._add(np.append(words, np.uint64(0))[places] for words in mixed)

    def add_numbers(self, name: str, array: Any) -> None:
        """Add a column of times (64 bits, microseconds) or amounts (128 bits, scale 12)."""
        width = array.type.bit_width // 64
        words = np.frombuffer(array.buffers()[1], np.uint64)
        words = words[array.offset * width : (array.offset + len(array)) * width]
        known = array.is_valid().to_numpy(zero_copy_only=False) if array.null_count else None
        self._add(_mixed_words(words.reshape(-1, width).T, key, known) for key in _keys(name))

    def array(self) -> Any:
        """Return an array of uint64, a row of LANES numbers for each row."""
        return np.stack(self._lanes, axis=1)

    def _add(self, lanes: Iterator[Any]) -> None:
        for total, lane in zip(self._lanes, lanes, strict=True):
            np.add(total, lane, out=total)


def text_digests(texts: Any) -> Any:
    """Return the digests of texts without null, a row of LANES numbers for each."""
    digests = [_digest(text) for text in texts.to_pylist()]
    return _words(b"".join(digests)).reshape(-1, LANES)


def slice_hash(digests: Sequence[Any]) -> str:
    """Return the hash of a slice, as hexadecimal text, by the digests of its rows."""
    rows = np.concatenate([np.empty((0, LANES), np.uint64), *digests])
    order = np.lexsort(rows.T)
    return hashlib.sha256(rows[order].astype("<u8").tobytes()).hexdigest()


def _keys(name: str) -> Any:
    return _words(_digest(name))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8 * LANES).digest()


def _words(content: bytes) -> Any:
    return np.frombuffer(content, "<u8").astype(np.uint64)


def _mixed_words(words: Any, key: Any, known: Any) -> Any:
    """Return values of one or more words mixed with a key, 0 for those that are not known."""
    mixed = key
    for word in words:
        mixed = _mixed(word ^ mixed)
    return mixed if known is None else mixed * known


def _mixed(words: Any) -> Any:
    mixed = words
    for shift, factor in _STEPS:
        mixed = mixed ^ (mixed >> np.uint64(shift))
        mixed *= np.uint64(factor)
    mixed ^= mixed >> np.uint64(_LAST_SHIFT)
    return mixed

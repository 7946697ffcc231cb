"""Texts of JSON columns from which no keys and values can be read, or not all.

FOCUS 1.2, attribute "key-value format", and 1.3, "JSON object format": valid JSON, whose root is an
object with each key once. Another text stays as it was delivered, to the byte; queries find none or
not all of its keys, so that it has a remark.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from skyclust.costs.focus.value_remarks import ValueRemarks
from skyclust.costs.focus.values import Place

NO_OBJECT: Final = "no JSON object; kept, and queries find no keys in it"
KEY_TWICE: Final = "a key is there twice, of which the first counts"

_WHITESPACE: Final = " \t\n\r"
"""What may stand around a value (ECMA-404, section 4)."""


def note_flaws(texts: Any, place: Place, remarks: ValueRemarks) -> None:
    """Add remarks about the texts of a column that are no JSON objects, or have a key twice.

    A sound text is read once for a delivery: tags repeat in the rows of a resource.
    """
    if texts.null_count == len(texts):
        return
    different = texts.unique().drop_null().to_numpy(zero_copy_only=False)
    flaws: dict[str, list[str]] = {NO_OBJECT: [], KEY_TWICE: []}
    for text in remarks.sound_texts.others(different.tolist()):
        flaw = _flaw(text)
        if flaw is None:
            remarks.sound_texts.add(text)
        else:
            flaws[flaw].append(text)
    for flaw, values in flaws.items():
        remarks.add(place, texts, values, flaw)


def _flaw(text: str) -> str | None:
    """Return what is wrong with a text, None where nothing is."""
    if not text.lstrip(_WHITESPACE).startswith("{"):
        return NO_OBJECT
    try:
        repeats = _DECODER.decode(text)
        if "\\u" in text:
            # Half a pair of surrogates is no text (ECMA-404 leaves it open; DuckDB refuses it).
            json.dumps(_PLAIN.decode(text), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return NO_OBJECT
    return KEY_TWICE if repeats else None


def _repeats(pairs: Sequence[tuple[str, object]]) -> bool:
    """Return whether an object has a key twice; that of the root is what the decoder returns."""
    return len(pairs) > len(dict(pairs))


def _refused(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


# Numbers stay texts: they are not looked at, and Python reads none of more than 4,300 digits.
_PLAIN: Final = json.JSONDecoder(parse_int=str, parse_float=str)
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_repeats, parse_int=str, parse_float=str, parse_constant=_refused
)

"""Texts that are brought to the spelling that FOCUS gives them.

Two spellings of one value would be two lines of every sum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from skyclust.costs.focus.value_remarks import ValueRemarks
from skyclust.costs.focus.values import Place
from skyclust.model.currency_code import currency_code


def to_currencies(texts: Any, place: Place, remarks: ValueRemarks) -> Any:
    """Return billing currencies as codes of ISO 4217: three capital letters.

    Spaces around a code and small letters are corrected, with a remark. Raises InvalidRequest for
    any other text (FOCUS 1.2, attribute "currency format"; that of PricingCurrency, which may be
    virtual, is another).
    """
    read, respelled, unknown = _respelled(texts, currency_code)
    if unknown:
        index, value = _first(texts, unknown)
        raise place.refusal(
            index,
            value,
            "is not a currency code",
            "A billing currency is a code of ISO 4217, such as EUR.",
        )
    remarks.add(place, texts, respelled, "read in capitals and without spaces")
    return read


def _respelled(texts: Any, read: Callable[[str], str | None]) -> tuple[Any, list[str], list[str]]:
    """Return texts as `read` has them, the values that it changed, and those that it has not.

    The latter stay as they are. A column has few different values; each is read once.
    """
    encoded = texts.dictionary_encode()
    answers = {value: read(value) for value in encoded.dictionary.to_pylist()}
    unknown = [value for value, answer in answers.items() if answer is None]
    changed = [value for value, answer in answers.items() if answer not in {None, value}]
    if changed:
        spelled = [value if answer is None else answer for value, answer in answers.items()]
        texts = pa.array(spelled, pa.string()).take(encoded.indices)
    return texts, changed, unknown


def _first(texts: Any, values: list[str]) -> tuple[int, str]:
    """Return the index of the first text that is one of the values, and that text."""
    found = pc.is_in(texts, value_set=pa.array(values, pa.string()))
    index: int = pc.index(found, pa.scalar(value=True)).as_py()
    return index, texts[index].as_py()

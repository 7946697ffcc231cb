"""Texts that are brought to the spelling that FOCUS gives them: currencies and allowed values.

Two spellings of one value would be two lines of every sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from skyclust.costs.focus.model import allowed_values
from skyclust.costs.focus.value_remarks import ValueRemarks
from skyclust.costs.focus.values import Place
from skyclust.model.currency_code import currency_code

DECIDES_SUMS: Final = frozenset({"ChargeCategory"})
"""Columns whose values decide in which sum a charge is: gross, credits or tax, usage or not."""

_MOST_NAMED: Final = 8
"""Allowed values that a remark names; ServiceSubcategory has 82."""


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


def to_allowed_values(name: str, texts: Any, place: Place, remarks: ValueRemarks) -> Any:
    """Return a column in the spelling of its allowed values; one that is free stays as it is.

    Case and spaces around a value are corrected, with a remark. Another value stays and has a
    remark; raises InvalidRequest for one in a column of DECIDES_SUMS.
    """
    spellings = _spellings(name)
    if not spellings:
        return texts
    read, respelled, unknown = _respelled(texts, lambda text: spellings.get(_folded(text)))
    if unknown and name in DECIDES_SUMS:
        index, value = _first(texts, unknown)
        raise place.refusal(
            index,
            value,
            "is none of the values that FOCUS allows",
            f"They are {', '.join(allowed_values(name))}: they decide in which sums a charge is.",
        )
    remarks.add(place, texts, respelled, "read in the spelling of FOCUS")
    remarks.add(place, texts, unknown, f"none of the values that FOCUS allows{_named(name)}; kept")
    return read


@cache
def _spellings(name: str) -> Mapping[str, str]:
    """Return the allowed values of a column by their folded texts."""
    return {_folded(value): value for value in allowed_values(name)}


def _folded(text: str) -> str:
    return text.strip().casefold()


def _named(name: str) -> str:
    values = allowed_values(name)
    return f" ({', '.join(values)})" if len(values) <= _MOST_NAMED else ""


def _respelled(texts: Any, read: Callable[[str], str | None]) -> tuple[Any, list[str], list[str]]:
    """Return texts as `read` has them, the values that it changed, and those that it has not.

    The latter stay as they are. A column has few different values; each is read once.
    """
    different = texts.unique().drop_null()
    answers = {value: read(value) for value in different.to_pylist()}
    unknown = [value for value, answer in answers.items() if answer is None]
    changed = [value for value, answer in answers.items() if answer not in {None, value}]
    if changed:
        spelled = [value if answer is None else answer for value, answer in answers.items()]
        texts = pa.array(spelled, pa.string()).take(pc.index_in(texts, value_set=different))
    return texts, changed, unknown


def _first(texts: Any, values: list[str]) -> tuple[int, str]:
    """Return the index of the first text that is one of the values, and that text."""
    found = pc.is_in(texts, value_set=pa.array(values, pa.string()))
    index: int = pc.index(found, pa.scalar(value=True)).as_py()
    return index, texts[index].as_py()

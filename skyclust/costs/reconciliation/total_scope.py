"""The scope of a total in words, as which charge categories of FOCUS it counts."""

from __future__ import annotations

import re
from typing import Final

CATEGORIES: Final = frozenset({"Adjustment", "Credit", "Purchase", "Tax", "Usage"})
"""The values of ChargeCategory
(https://focus.finops.org/focus-specification/v1-2/, Charge Category)."""

_WORDS: Final = {
    word: category for category in CATEGORIES for word in (category.lower(), f"{category.lower()}s")
} | {"taxes": "Tax"}
_SCOPE: Final = re.compile(
    r"(?:charges of type )?(?P<what>.+?)(?: (?:without|before) (?P<without>.+))?"
)


def counted_categories(scope: str) -> frozenset[str] | None:
    """Return the charge categories that a scope counts; None for words that are not understood.

    A scope is "all charges" or categories ("usage and purchases"), then "without" or "before" and
    categories: "all charges without tax", "usage without tax and credits".
    """
    match = _SCOPE.fullmatch(scope.strip().lower())
    if match is None:
        return None
    counted = CATEGORIES if match["what"] in {"all charges", "charges"} else _named(match["what"])
    without = _named(match["without"]) if match["without"] else frozenset()
    return None if counted is None or without is None else counted - without


def _named(words: str) -> frozenset[str] | None:
    names = [name.strip() for name in re.split(r",| and ", words) if name.strip()]
    if not names or any(name not in _WORDS for name in names):
        return None
    return frozenset(_WORDS[name] for name in names)

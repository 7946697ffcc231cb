"""The scope of a total in words, as which charges it counts by their category in FOCUS."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

CATEGORIES: Final = frozenset({"Adjustment", "Credit", "Purchase", "Tax", "Usage"})
"""The values of ChargeCategory
(https://focus.finops.org/focus-specification/v1-2/, Charge Category)."""

_WORDS: Final = {
    word: category for category in CATEGORIES for word in (category.lower(), f"{category.lower()}s")
} | {"taxes": "Tax"}
_OWN_TYPES: Final = frozenset({"charges of type usage"})
"""Types of Azure that are no category: its `Refund`, `UnusedReservation` and `UnusedSavingsPlan`
are of the category Usage as well, and not of the type Usage."""

_SCOPE: Final = re.compile(
    r"(?:charges of type )?(?P<what>.+?)(?: (?:without|before) (?P<without>.+))?"
)


@dataclass(frozen=True)
class TotalScope:
    """Charges of the categories `only`, None for all of them, that are not of `without`."""

    only: frozenset[str] | None
    without: frozenset[str] = frozenset()

    def counts(self, category: str) -> bool:
        """Return whether a total of this scope counts charges of a category."""
        return (self.only is None or category in self.only) and category not in self.without


def scope_of(words: str) -> TotalScope | None:
    """Return the scope that is meant; None for words that are not understood.

    The words are "all charges" or categories ("usage and purchases"), then "without" or "before"
    and categories: "all charges without tax", "usage without tax and credits".
    """
    match = _SCOPE.fullmatch(words.strip().lower())
    if match is None or words.strip().lower() in _OWN_TYPES:
        return None
    everything = match["what"] in {"all charges", "charges"}
    only = None if everything else _named(match["what"])
    without = _named(match["without"]) if match["without"] else frozenset()
    if without is None or (only is None and not everything):
        return None
    return TotalScope(only, without)


def _named(words: str) -> frozenset[str] | None:
    names = [name.strip() for name in re.split(r",| and ", words) if name.strip()]
    if not names or any(name not in _WORDS for name in names):
        return None
    return frozenset(_WORDS[name] for name in names)

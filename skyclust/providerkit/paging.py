"""Following pages to the end, and noticing that there is none."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Final

from skyclust.errors import UnexpectedAnswer

MOST_BARREN_PAGES: Final = 100
"""Pages in a row without a new item, with a new token each. Clouds do send empty pages: EC2
and Compute Engine filter after they have cut a page."""


@dataclass
class PageGuard:
    """Notices a list that never ends; one object for all pages of a list.

    `doing` says in the error what the call was for, as in "list the servers of RegionOne".
    """

    doing: str
    provider: str
    _tokens: set[Hashable] = field(default_factory=set)
    _items: set[Hashable] = field(default_factory=set)
    _barren: int = 0

    def check(self, token: Hashable, items: Iterable[Hashable] = ()) -> None:
        """Note the token that leads to the next page, and what identifies this page's items.

        Raises UnexpectedAnswer for a token that led to a page before, and after too many pages
        in a row that brought nothing new.
        """
        if token in self._tokens:
            raise self._endless("a page leads back to an earlier one")
        self._tokens.add(token)
        before = len(self._items)
        self._items.update(items)
        self._barren = 0 if len(self._items) > before else self._barren + 1
        if self._barren >= MOST_BARREN_PAGES:
            raise self._endless(f"{self._barren} pages in a row brought nothing new")

    def _endless(self, why: str) -> UnexpectedAnswer:
        return UnexpectedAnswer(
            f"Could not {self.doing}: the list never ends, {why}.",
            hint="Nothing of it was stored. Is a proxy or a cache between here and the cloud?",
            provider=self.provider,
        )

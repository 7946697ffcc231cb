"""Detection of lists of pages that never end."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Final

from skyclust.errors import UnexpectedAnswer

MOST_EMPTY_PAGES: Final = 100
"""Pages in a row without a new item, with a new token each. Clouds do send empty pages: EC2
and Compute Engine apply a filter after they have taken a page."""


@dataclass
class PageGuard:
    """Detects a list that never ends; one object serves all pages of a list.

    `doing` completes "Could not ..." in the error: "list the servers of RegionOne".
    """

    doing: str
    provider: str
    _tokens: set[Hashable] = field(default_factory=set)
    _items: set[Hashable] = field(default_factory=set)
    _empty_pages: int = 0

    def check(self, token: Hashable, items: Iterable[Hashable] = ()) -> None:
        """Record the token of the next page, and the ids of this page's items.

        Raises UnexpectedAnswer for a token that was used before, and after too many pages in a
        row without a new item.
        """
        if token in self._tokens:
            raise self._endless("a page leads back to an earlier page")
        self._tokens.add(token)
        before = len(self._items)
        self._items.update(items)
        self._empty_pages = 0 if len(self._items) > before else self._empty_pages + 1
        if self._empty_pages >= MOST_EMPTY_PAGES:
            raise self._endless(f"{self._empty_pages} pages in a row brought nothing new")

    def _endless(self, why: str) -> UnexpectedAnswer:
        return UnexpectedAnswer(
            f"Could not {self.doing}: the list never ends, {why}.",
            hint="Nothing of it was stored. Is a proxy or a cache between here and the cloud?",
            provider=self.provider,
        )

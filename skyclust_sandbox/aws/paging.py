"""Pages of a list, and the opaque tokens that lead from one page to the next.

A token holds the id of the last item shown, signed and dated: a page begins after that id,
so items made or removed between two calls neither repeat nor hide others.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class InvalidCursor(ValueError):
    """A token that we did not make, made for another list, or made too long ago."""


@dataclass(frozen=True)
class Page(Generic[_Item]):
    """The items of one page and the id to carry on after, None on the last page."""

    items: list[_Item]
    last_id: str | None


def page_of(
    items: Iterable[_Item],
    identify: Callable[[_Item], str],
    *,
    size: int,
    after: str | None,
    largest: int | None,
) -> Page[_Item]:
    """Return the first items, in order of their ids, whose id comes after `after`.

    `size` is what was asked for; `largest` is a limit laid upon every page, if there is one.
    """
    size = size if largest is None else min(size, largest)
    rest = sorted((item for item in items if after is None or identify(item) > after), key=identify)
    shown = rest[:size]
    return Page(shown, identify(shown[-1]) if len(rest) > size else None)


def listing_of(account: str, region: str, parameters: Mapping[str, object]) -> str:
    """Return what identifies a list: a token for one list is not good for another."""
    asked = {
        name: value
        for name, value in parameters.items()
        if name not in {"MaxResults", "NextToken", "PageSize", "Marker"}
    }
    return json.dumps([account, region, asked], sort_keys=True, default=str)


@dataclass(frozen=True)
class Cursors:
    """Makes and reads page tokens; `key` signs them, `lifetime_seconds` is how long they hold."""

    key: bytes
    lifetime_seconds: float
    clock: Callable[[], float] = time.time

    def make(self, listing: str, last_id: str) -> str:
        """Return a token for the page after `last_id`."""
        content = json.dumps([last_id, self.clock()]).encode()
        return base64.urlsafe_b64encode(self._sign(listing, content) + content).decode()

    def read(self, listing: str, token: str) -> str:
        """Return the id that the page begins after; raises InvalidCursor."""
        try:
            raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except ValueError as error:
            raise InvalidCursor(token) from error
        signature, content = raw[:32], raw[32:]
        if not hmac.compare_digest(signature, self._sign(listing, content)):
            raise InvalidCursor(token)
        last_id, made_at = json.loads(content)
        if self.clock() - made_at > self.lifetime_seconds:
            raise InvalidCursor(token)
        return str(last_id)

    def _sign(self, listing: str, content: bytes) -> bytes:
        return hmac.digest(self.key, listing.encode() + b"\0" + content, hashlib.sha256)

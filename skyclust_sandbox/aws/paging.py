"""Pages of a list, and their opaque page tokens.

A token holds the id of the last item of a page, with a time and a signature. The next page begins
after that id, so items created or deleted between two calls neither repeat nor hide others.
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
    """A page token that is unknown, expired, or of another list."""


@dataclass(frozen=True)
class Page(Generic[_Item]):
    """The items of one page, and the id of the last item; None on the last page."""

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
    """Return the page of items whose id comes after `after`, in order of their ids.

    `size` is the requested page size; `largest` is a limit of all page sizes, None for no limit.
    """
    size = size if largest is None else min(size, largest)
    rest = sorted((item for item in items if after is None or identify(item) > after), key=identify)
    shown = rest[:size]
    return Page(shown, identify(shown[-1]) if len(rest) > size else None)


def listing_of(account: str, region: str, parameters: Mapping[str, object]) -> str:
    """Return the identity of a list, so that its tokens are not valid for another list."""
    identifying = {
        name: value
        for name, value in parameters.items()
        if name not in {"MaxResults", "NextToken", "PageSize", "Marker"}
    }
    return json.dumps([account, region, identifying], sort_keys=True, default=str)


@dataclass(frozen=True)
class Cursors:
    """Creates and reads page tokens, signed with `key` and valid for `lifetime_seconds`."""

    key: bytes
    lifetime_seconds: float
    clock: Callable[[], float] = time.time

    def create(self, listing: str, last_id: str) -> str:
        """Return a token for the page after `last_id`."""
        content = json.dumps([last_id, self.clock()]).encode()
        return base64.urlsafe_b64encode(self._sign(listing, content) + content).decode()

    def read(self, listing: str, token: str) -> str:
        """Return the id that the next page begins after; raises InvalidCursor."""
        try:
            raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except ValueError as error:
            raise InvalidCursor(token) from error
        signature, content = raw[:32], raw[32:]
        if not hmac.compare_digest(signature, self._sign(listing, content)):
            raise InvalidCursor(token)
        last_id, created_at = json.loads(content)
        if self.clock() - created_at > self.lifetime_seconds:
            raise InvalidCursor(token)
        return str(last_id)

    def _sign(self, listing: str, content: bytes) -> bytes:
        return hmac.digest(self.key, listing.encode() + b"\0" + content, hashlib.sha256)

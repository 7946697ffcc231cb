"""Cursors: where a page of a list ended, as an opaque text for the request of the next page."""

from __future__ import annotations

import base64
import binascii
import json

from skyclust.errors import InvalidRequest


def encode_cursor(*keys: str, of: str) -> str:
    """Return the cursor of a page of the list `of` whose last item has these sort keys."""
    return base64.urlsafe_b64encode(json.dumps([of, *keys]).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *, of: str, keys: int) -> tuple[str, ...]:
    """Return the sort keys, this many, of the last item of a page of the list `of`.

    Raises InvalidRequest for a text that is no cursor of that list.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        decoded = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _invalid(cursor) from error
    if not isinstance(decoded, list) or len(decoded) != keys + 1 or decoded[0] != of:
        raise _invalid(cursor)
    if not all(isinstance(key, str) for key in decoded):
        raise _invalid(cursor)
    return tuple(decoded[1:])


def _invalid(cursor: str) -> InvalidRequest:
    return InvalidRequest(
        f"{cursor[:80]!r} is no cursor of this list.",
        hint="Take it from the page before, or leave it out to begin with the first page.",
    )

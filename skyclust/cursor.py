"""Cursors: where a page of a list ended, as an opaque text for the request of the next page."""

from __future__ import annotations

import base64
import binascii
import json

from skyclust.errors import InvalidRequest


def encode_cursor(*keys: str) -> str:
    """Return the cursor of a page whose last item has these sort keys."""
    return base64.urlsafe_b64encode(json.dumps(keys).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *, keys: int) -> tuple[str, ...]:
    """Return the sort keys of the last item of a page.

    Raises InvalidRequest for a text that is no cursor of a list with this number of keys.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        decoded = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _invalid(cursor) from error
    if not isinstance(decoded, list) or len(decoded) != keys:
        raise _invalid(cursor)
    if not all(isinstance(key, str) for key in decoded):
        raise _invalid(cursor)
    return tuple(decoded)


def _invalid(cursor: str) -> InvalidRequest:
    return InvalidRequest(
        f"{cursor[:80]!r} is no cursor of this list.",
        hint="Take it from the page before, or leave it out to begin with the first page.",
    )

"""Whether a resource is still what it was, told by a hash instead of by comparing it."""

from __future__ import annotations

from datetime import UTC
from hashlib import blake2b

import orjson

from skyclust.errors import InvalidRequest
from skyclust.model.resource import Resource
from skyclust.store.types import require_aware

_NUL_ESCAPED = b"\\u0000"


def fingerprint(resource: Resource) -> str:
    """Return 32 hex digits that change when anything the cloud reports of a resource does.

    The order of keys makes no difference, the order of lists does: providers sort what the
    cloud returns in no order. A field that is added to `Resource` one day must be left out
    here while it is empty, or every resource would count as changed. Raises InvalidRequest
    for what no engine can keep: a moment without timezone, NUL, half a surrogate pair, an
    integer beyond 64 bits.
    """
    created_at = resource.created_at
    if created_at is not None and created_at.tzinfo is not UTC:
        created_at = require_aware(created_at, f"The creation time of {_called(resource)}")
    content = (
        resource.id,
        resource.name,
        resource.zone,
        resource.state,
        resource.native_state,
        created_at,
        resource.tags,
        resource.attributes,
    )
    try:
        text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise InvalidRequest(f"{_called(resource)} cannot be stored: {error}.") from error
    if _NUL_ESCAPED in text and _holds_nul(orjson.loads(text)):
        raise InvalidRequest(f"{_called(resource)} cannot be stored: it holds the character NUL.")
    return blake2b(text, digest_size=16).hexdigest()


def _called(resource: Resource) -> str:
    return f"{resource.kind} {resource.id!r} in {resource.region}"


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_holds_nul(part) for part in value)

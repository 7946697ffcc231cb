"""A hash of a resource, by which a read finds whether the resource has changed."""

from __future__ import annotations

from datetime import UTC
from hashlib import blake2b

import orjson

from skyclust.errors import InvalidRequest
from skyclust.model.resource import Resource
from skyclust.store.types import require_aware

_NUL_ESCAPED = b"\\u0000"


def fingerprint(resource: Resource) -> str:
    """Return 32 hex digits that change with anything that the cloud reports of a resource.

    The order of keys makes no difference, the order of lists does: providers sort what the
    cloud returns in no order. A field that is added to `Resource` later must be left out here
    while it is empty, or every resource would count as changed. Raises InvalidRequest for a
    value that not every engine can store: a time without timezone, NUL, half a surrogate pair,
    an integer of more than 64 bits.
    """
    created_at = resource.created_at
    if created_at is not None and created_at.tzinfo is not UTC:
        created_at = require_aware(created_at, f"The creation time of {_label(resource)}")
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
        raise InvalidRequest(f"{_label(resource)} cannot be stored: {error}.") from error
    if _NUL_ESCAPED in text and _holds_nul(orjson.loads(text)):
        raise InvalidRequest(f"{_label(resource)} cannot be stored: it holds the character NUL.")
    return blake2b(text, digest_size=16).hexdigest()


def _label(resource: Resource) -> str:
    return f"{resource.kind} {resource.id!r} in {resource.region}"


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_holds_nul(part) for part in value)

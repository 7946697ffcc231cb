"""Fields of the JSON that the services return: an absent or null field is None, never a guess.

A field of another type than its API documents raises UnexpectedAnswer, so that only the item with
the field is reported as unreadable.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from skyclust.providerkit.json_fields import JsonFields

Json = dict[str, Any]

_FIELDS: Final = JsonFields("openstack")

text = _FIELDS.text
required_text = _FIELDS.required_text
integer = _FIELDS.integer
required_integer = _FIELDS.required_integer
text_pairs = _FIELDS.text_pairs


def required_id(item: Any) -> str:
    """Return the id of an item; raises UnexpectedAnswer without one, or for no JSON object."""
    return required_text(item, "id")


def flag(item: Json, key: str) -> bool | None:
    """Return true or false, which Cinder may write as a text; None for neither."""
    value = item.get(key)
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return _FIELDS.flag(item, key)


def inner(item: Json, key: str) -> Json:
    """Return the object under a key, an empty one where it is absent, null or an empty text."""
    if item.get(key) == "":  # the image of a server that boots from a volume
        return {}
    return _FIELDS.inner(item, key)


def objects(item: Json, key: str) -> list[Json] | None:
    """Return the objects of a list, None where the list is absent or null."""
    return None if item.get(key) is None else _FIELDS.objects(item, key)


def texts(item: Json, key: str) -> list[str] | None:
    """Return the texts of a list, None where the list is absent or null."""
    return None if item.get(key) is None else _FIELDS.texts(item, key)


def timestamp(item: Json, key: str) -> datetime | None:
    """Return a time in UTC, None where it is absent; a time without a zone is in UTC already."""
    value = text(item, key)
    if value is None:
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        raise _FIELDS.wrong_type(key, value, "a time") from None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)

"""Fields of the JSON that services answer with: what is absent or null is None, never a guess.

A field of another type than its API documents raises UnexpectedAnswer, so that the thing that has
it is named as one that cannot be read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

from skyclust.errors import UnexpectedAnswer

Json = dict[str, Any]
Value = TypeVar("Value")


def required_id(thing: object) -> str:
    """Return the id of a thing; raises UnexpectedAnswer for one without, or for no object."""
    if not isinstance(thing, dict):
        raise UnexpectedAnswer(f"{thing!r:.80} is no JSON object.", provider="openstack")
    return required_text(thing, "id")


def required_text(thing: Json, key: str) -> str:
    """Return a text that no reader can do without; raises UnexpectedAnswer where it is missing."""
    value = text(thing, key)
    if value is None:
        raise UnexpectedAnswer(f"It has no {key!r}.", provider="openstack")
    return value


def text(thing: Json, key: str) -> str | None:
    """Return a text, None where it is absent, null or empty."""
    value = thing.get(key)
    if value is None or isinstance(value, str):
        return value or None
    raise _odd(key, value, "a text")


def integer(thing: Json, key: str) -> int | None:
    """Return a whole number, also one that is written as a text; None where there is none."""
    value = thing.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    raise _odd(key, value, "a whole number")


def required_integer(thing: Json, key: str) -> int:
    """Return a whole number that no reader can do without; raises UnexpectedAnswer for none."""
    value = integer(thing, key)
    if value is None:
        raise UnexpectedAnswer(f"It has no {key!r}.", provider="openstack")
    return value


def flag(thing: Json, key: str) -> bool | None:
    """Return true or false, also where it is written as a text (Cinder); None for neither."""
    value = thing.get(key)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    raise _odd(key, value, "true or false")


def inner(thing: Json, key: str) -> Json:
    """Return the object under a key, an empty one where there is none."""
    value = thing.get(key)
    if value is None or value == "":  # Nova shows "" for the image of a server without one
        return {}
    if isinstance(value, dict):
        return value
    raise _odd(key, value, "an object")


def objects(thing: Json, key: str) -> list[Json] | None:
    """Return the objects of a list, None where there is no list."""
    return _list(thing, key, dict)


def texts(thing: Json, key: str) -> list[str] | None:
    """Return the texts of a list, None where there is no list."""
    return _list(thing, key, str)


def text_pairs(thing: Json, key: str) -> dict[str, str]:
    """Return the pairs of texts under a key; one whose value is null is left out."""
    found = inner(thing, key)
    odd = next((one for one in found.values() if not isinstance(one, str | None)), None)
    if odd is not None:
        raise _odd(key, odd, "a text")
    return {name: value for name, value in found.items() if value is not None}


def timestamp(thing: Json, key: str) -> datetime | None:
    """Return a time in UTC, None where there is none."""
    value = text(thing, key)
    try:
        return to_timestamp(value)
    except ValueError:
        raise _odd(key, value, "a time") from None


def to_timestamp(value: str | None) -> datetime | None:
    """Return a time of an OpenStack service in UTC; those without a zone are in UTC already."""
    if not value:
        return None
    read = datetime.fromisoformat(value)
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def _list(thing: Json, key: str, kind: type[Value]) -> list[Value] | None:
    value = thing.get(key)
    if value is None:
        return None
    if isinstance(value, list) and all(isinstance(one, kind) for one in value):
        return value
    raise _odd(key, value, f"a list of {'objects' if kind is dict else 'texts'}")


def _odd(key: str, value: object, meant: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"Its {key!r} is of type {type(value).__name__} in place of {meant}.", provider="openstack"
    )

"""The fields of a resource as Compute Engine writes it: what is absent stays absent.

A field that is missing, null or the empty text is None: proto3 leaves out what has its default
(https://protobuf.dev/programming-guides/json/). A field of another type than its document says,
a null within a list included, raises UnexpectedAnswer with its name, which makes its item
unreadable and no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from skyclust.errors import UnexpectedAnswer

if TYPE_CHECKING:
    from providers.gcp.client import Answer


def text(thing: Mapping[str, Any], key: str) -> str | None:
    """Return a text, None when there is none."""
    value = thing.get(key)
    if isinstance(value, str):
        return value or None
    if value is not None:
        raise _wrong(key, value, "a text")
    return None


def required_text(thing: Mapping[str, Any], key: str) -> str:
    """Return a text that nothing can do without; raises UnexpectedAnswer when it is missing."""
    value = text(thing, key)
    if value is None:
        raise UnexpectedAnswer(f"The answer has no {key!r}.", provider="gcp")
    return value


def number(thing: Mapping[str, Any], key: str) -> int | None:
    """Return a whole number, None when there is none; 64 bits come as a text."""
    value = thing.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    raise _wrong(key, value, "a whole number")


def flag(thing: Mapping[str, Any], key: str) -> bool | None:
    """Return a truth value, None when there is none."""
    value = thing.get(key)
    if value is None or isinstance(value, bool):
        return value
    raise _wrong(key, value, "true or false")


def part(thing: Mapping[str, Any], key: str) -> Answer:
    """Return an object within another, an empty one when there is none."""
    value = thing.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(key, value, "an object")
    return value


def parts(thing: Mapping[str, Any], key: str) -> list[Answer]:
    """Return the objects of a list, none when there is no list."""
    found = _list(thing, key)
    for one in found:
        if not isinstance(one, dict):
            raise _wrong(key, one, "a list of objects")
    return found


def texts(thing: Mapping[str, Any], key: str) -> list[str]:
    """Return the texts of a list, none when there is no list."""
    found = _list(thing, key)
    for one in found:
        if not isinstance(one, str) or not one:
            raise _wrong(key, one, "a list of texts")
    return found


def labels(thing: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels; one whose value is null is left out."""
    found = {key: value for key, value in part(thing, "labels").items() if value is not None}
    for key, value in found.items():
        if not isinstance(value, str):
            raise _wrong(f"labels.{key}", value, "a text")
    return found


def first(values: Iterable[str]) -> str | None:
    """Return the first of some texts, None when there is none."""
    return next(iter(values), None)


def _list(thing: Mapping[str, Any], key: str) -> list[Any]:
    value = thing.get(key)
    if isinstance(value, list):
        return value
    if value is not None:
        raise _wrong(key, value, "a list")
    return []


def _wrong(key: str, value: object, expected: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"The answer's {key!r} is {type(value).__name__} in place of {expected}.", provider="gcp"
    )

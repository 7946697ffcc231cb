"""Typed access to the fields of a Compute Engine resource.

A field that is missing, null or the empty string is None: proto3 JSON leaves out fields that
have their default value (https://protobuf.dev/programming-guides/json/). A field whose type
differs from the documented type, including a null within a list, raises UnexpectedAnswer with
the field's name. Such an error makes only the item that has the field unreadable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from skyclust.errors import UnexpectedAnswer

if TYPE_CHECKING:
    from providers.gcp.client import JsonObject


def text(resource: Mapping[str, Any], key: str) -> str | None:
    """Return a string field, None when it is absent; raises UnexpectedAnswer for other types."""
    value = resource.get(key)
    if isinstance(value, str):
        return value or None
    if value is not None:
        raise _wrong_type(key, value, "a text")
    return None


def required_text(resource: Mapping[str, Any], key: str) -> str:
    """Return a string field that must be present; raises UnexpectedAnswer when it is absent."""
    value = text(resource, key)
    if value is None:
        raise UnexpectedAnswer(f"The answer has no {key!r}.", provider="gcp")
    return value


def number(resource: Mapping[str, Any], key: str) -> int | None:
    """Return an integer field, None when it is absent.

    64-bit integers are strings in JSON. Raises UnexpectedAnswer for other types.
    """
    value = resource.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    raise _wrong_type(key, value, "a whole number")


def required_number(resource: Mapping[str, Any], key: str) -> int:
    """Return an integer field that must be present; raises UnexpectedAnswer when it is absent."""
    value = number(resource, key)
    if value is None:
        raise UnexpectedAnswer(f"The answer has no {key!r}.", provider="gcp")
    return value


def flag(resource: Mapping[str, Any], key: str) -> bool | None:
    """Return a Boolean field, None when it is absent; raises UnexpectedAnswer for other types."""
    value = resource.get(key)
    if value is None or isinstance(value, bool):
        return value
    raise _wrong_type(key, value, "true or false")


def nested(resource: Mapping[str, Any], key: str) -> JsonObject:
    """Return an object field, an empty object when it is absent.

    Raises UnexpectedAnswer for other types.
    """
    value = resource.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong_type(key, value, "an object")
    return value


def nested_list(resource: Mapping[str, Any], key: str) -> list[JsonObject]:
    """Return a list of objects, an empty list when the field is absent.

    Raises UnexpectedAnswer for other types.
    """
    values = _list(resource, key)
    for value in values:
        if not isinstance(value, dict):
            raise _wrong_type(key, value, "a list of objects")
    return values


def texts(resource: Mapping[str, Any], key: str) -> list[str]:
    """Return a list of strings, an empty list when the field is absent.

    Raises UnexpectedAnswer for other types and for an empty string.
    """
    values = _list(resource, key)
    for value in values:
        if not isinstance(value, str) or not value:
            raise _wrong_type(key, value, "a list of texts")
    return values


def labels(resource: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels of a resource without those whose value is null.

    Raises UnexpectedAnswer for a value that is not a string.
    """
    values = {key: value for key, value in nested(resource, "labels").items() if value is not None}
    for key, value in values.items():
        if not isinstance(value, str):
            raise _wrong_type(f"labels.{key}", value, "a text")
    return values


def first(values: Iterable[str]) -> str | None:
    """Return the first string, None when there are none."""
    return next(iter(values), None)


def _list(resource: Mapping[str, Any], key: str) -> list[Any]:
    value = resource.get(key)
    if isinstance(value, list):
        return value
    if value is not None:
        raise _wrong_type(key, value, "a list")
    return []


def _wrong_type(key: str, value: object, expected: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"The answer's {key!r} is {type(value).__name__} in place of {expected}.", provider="gcp"
    )

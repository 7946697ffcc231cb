"""Typed access to the fields of a Compute Engine resource.

A field that is missing, null or the empty string is None: proto3 JSON leaves out fields that
have their default value (https://protobuf.dev/programming-guides/json/). A field whose type
differs from the documented type raises UnexpectedAnswer with the field's name. Such an error
makes only the item that has the field unreadable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from skyclust.errors import UnexpectedAnswer
from skyclust.providerkit.json_fields import JsonFields

_FIELDS: Final = JsonFields("gcp")

text = _FIELDS.text
required_text = _FIELDS.required_text
integer = _FIELDS.integer
required_integer = _FIELDS.required_integer
flag = _FIELDS.flag
inner = _FIELDS.inner
objects = _FIELDS.objects


def texts(resource: Mapping[str, Any], key: str) -> list[str]:
    """Return the strings of a list, an empty list when the field is absent.

    Raises UnexpectedAnswer for other types and for an empty string.
    """
    values = _FIELDS.texts(resource, key)
    if "" in values:
        raise UnexpectedAnswer(f"Its {key!r} has an empty text.", provider="gcp")
    return values


def number_text(resource: Mapping[str, Any], key: str) -> str | None:
    """Return a whole number as text, as ids are kept; raises UnexpectedAnswer for other types."""
    number = integer(resource, key)
    return str(number) if number else None


def labels(resource: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels of a resource without those whose value is null.

    Raises UnexpectedAnswer for a value that is not a string.
    """
    return _FIELDS.text_pairs(resource, "labels")


def first(values: Iterable[str]) -> str | None:
    """Return the first string, None when there are none."""
    return next(iter(values), None)

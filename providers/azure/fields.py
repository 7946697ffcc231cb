"""Reading the fields of Azure's JSON.

Azure omits a field or returns null if it has no value; both read the same here. A field of
another type than the API documents raises UnexpectedAnswer. The functions are those of
`JsonFields`, except for two ways in which Azure's lists differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from skyclust.providerkit.json_fields import JsonFields

_FIELDS: Final = JsonFields("azure")

text = _FIELDS.text
required = _FIELDS.required_text
number = _FIELDS.number
flag = _FIELDS.flag
inner = _FIELDS.inner


def objects(item: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list, in its order; empty if there is no list.

    An entry that is null is returned as an empty object, so the number of entries stays right.
    """
    entries = _FIELDS.items(item, name)
    if all(isinstance(entry, dict) for entry in entries):
        return entries
    if all(entry is None or isinstance(entry, dict) for entry in entries):
        return [entry or {} for entry in entries]
    return [*_FIELDS.objects(item, name)]  # raises for the entry that is not an object


def texts(item: Mapping[str, Any], name: str) -> list[str]:
    """Return the texts of a list that are not empty, in its order; empty if there is no list."""
    return [value for value in _FIELDS.texts(item, name) if value]

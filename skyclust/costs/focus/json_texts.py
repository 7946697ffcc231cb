"""Delivered maps, structs and lists (Tags, SkuPriceDetails) as JSON text.

FOCUS, attribute "key-value format": a JSON object in text, whose values are texts, numbers, true,
false or null. What is delivered as text stays as it is, to the byte.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

_ESCAPED: Final = r'["\\\x00-\x1f]'
"""What JSON does not allow in a text as it is (ECMA-404, section 9)."""


def to_json_texts(array: Any) -> Any:
    """Return a column of maps, structs or lists as JSON text, keys in the order delivered."""
    pairs = _pairs(array)
    if pairs is None:
        return pa.array([_document(value) for value in array.to_pylist()], pa.string())
    offsets, keys, values = pairs
    entries = pc.binary_join_element_wise(_quoted(keys), _quoted(values), ":")
    lists = pa.ListArray.from_arrays(offsets, entries)
    objects = pc.binary_join_element_wise("{", pc.binary_join(lists, ","), "}", "")
    return pc.if_else(array.is_null(), pa.scalar(None, pa.string()), objects)


def _pairs(array: Any) -> tuple[Any, Any, Any] | None:
    """Return offsets, keys and values of maps of text to text; None for any other type.

    BigQuery gives a map as a list of structs with the fields `key` and `value`.
    """
    kind = array.type
    if pa.types.is_map(kind):
        keys, values = array.keys, array.items
    elif pa.types.is_list(kind) and _is_pair(kind.value_type):
        keys, values = array.values.field("key"), array.values.field("value")
    else:
        return None
    if not (pa.types.is_string(keys.type) and pa.types.is_string(values.type)):
        return None
    return array.offsets, keys, values


def _is_pair(kind: Any) -> bool:
    return pa.types.is_struct(kind) and [field.name for field in kind] == ["key", "value"]


def _quoted(texts: Any) -> Any:
    """Return texts as JSON texts; null as `null`."""
    odd = pc.match_substring_regex(texts, _ESCAPED)
    if pc.any(odd).as_py():
        dumped = [None if text is None else json.dumps(text, ensure_ascii=False)
                  for text in texts.to_pylist()]  # fmt: skip
        return pc.fill_null(pa.array(dumped, pa.string()), "null")
    return pc.fill_null(pc.binary_join_element_wise('"', texts, '"', ""), "null")


def _document(value: Any) -> str | None:
    return None if value is None else json_text(value)


def json_text(value: object) -> str:
    """Return a map, a list of (key, value) pairs or another document as JSON text.

    A member of a struct that is null is left out: Arrow gives each row the members of all rows.
    """
    return json.dumps(
        _plain(value), ensure_ascii=False, separators=(",", ":"), default=_scalar_text
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(member) for key, member in value.items() if member is not None}
    if isinstance(value, (list, tuple)):
        members = list(value)
        if members and all(isinstance(one, tuple) and len(one) == 2 for one in members):
            return {str(key): _plain(member) for key, member in members}
        if members and all(isinstance(one, dict) and one.keys() == _PAIR for one in members):
            return {str(one["key"]): _plain(one["value"]) for one in members}
        return [_plain(member) for member in members]
    return value


_PAIR: Final = {"key", "value"}


def _scalar_text(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)

"""Fields of a cloud's JSON: absent fields are None, and a wrong type is named."""

from __future__ import annotations

from typing import Any

import pytest

from skyclust.errors import UnexpectedAnswer
from skyclust.providerkit.json_fields import JsonFields

FIELDS = JsonFields("acme")
READERS = ("text", "integer", "number", "flag", "inner", "items", "objects", "texts", "text_pairs")


@pytest.mark.parametrize(
    ("reader", "value", "expected"),
    [
        ("text", "a", "a"),
        ("text", "", None),
        ("integer", 8, 8),
        ("integer", "-8", -8),
        ("integer", "18446744073709551615", 2**64 - 1),
        ("integer", "", None),
        ("number", 1.5, 1.5),
        ("flag", False, False),
        ("inner", {"a": 1}, {"a": 1}),
        ("items", [None, 1], [None, 1]),
        ("objects", [{}, {"a": 1}], [{}, {"a": 1}]),
        ("texts", ["a", ""], ["a", ""]),
        ("text_pairs", {"a": "b", "c": None}, {"a": "b"}),
    ],
)
def test_a_field_of_the_documented_type_is_read(reader: str, value: Any, expected: Any) -> None:
    assert getattr(FIELDS, reader)({"key": value}, "key") == expected


@pytest.mark.parametrize("reader", READERS)
def test_absent_and_null_read_the_same(reader: str) -> None:
    absent, null = (getattr(FIELDS, reader)(item, "key") for item in ({}, {"key": None}))
    assert absent == null
    assert not absent


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        ("text", 1),
        ("text", ["a"]),
        ("integer", True),
        ("integer", 1.5),
        ("integer", "1.5"),
        ("integer", "²"),
        ("integer", "--1"),
        ("number", True),
        ("number", "1"),
        ("flag", 1),
        ("flag", "true"),
        ("inner", []),
        ("items", {}),
        ("objects", ["a"]),
        ("objects", [{}, None]),
        ("texts", [1]),
        ("texts", "abc"),
        ("text_pairs", {"a": 1}),
    ],
)
def test_another_type_is_refused_by_the_fields_name(reader: str, value: Any) -> None:
    with pytest.raises(UnexpectedAnswer, match="'key") as caught:
        getattr(FIELDS, reader)({"key": value}, "key")
    assert caught.value.provider == "acme"


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("item", [None, "text", 1, ["list"]])
def test_a_field_of_a_value_that_is_not_an_object_raises(reader: str, item: Any) -> None:
    with pytest.raises(UnexpectedAnswer, match="and not an object"):
        getattr(FIELDS, reader)(item, "key")


def test_a_missing_required_field_is_named() -> None:
    assert FIELDS.required_text({"id": "a"}, "id") == "a"
    assert FIELDS.required_integer({"id": 0}, "id") == 0
    for item in ({}, {"id": None}, {"id": ""}):
        for reader in (FIELDS.required_text, FIELDS.required_integer):
            with pytest.raises(UnexpectedAnswer, match="It has no 'id'"):
                reader(item, "id")

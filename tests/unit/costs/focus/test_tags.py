"""Tags and other JSON columns, as text, maps, lists of pairs and structs."""

from __future__ import annotations

import json

import pyarrow as pa

from tests.unit.costs.focus.samples import column

MAP = pa.map_(pa.string(), pa.string())
PAIRS = pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())]))


def test_json_text_stays_as_it_is_to_the_byte() -> None:
    text = '{ "Application": "a", "APPLICATION": null }'
    assert column("Tags", pa.array([text, "", "NULL", "{"])) == [text, None, None, "{"]


def test_maps_become_json_with_their_keys_in_order() -> None:
    tags = pa.array([[("b", "1"), ("a", None)], [], None, [("é", "ü")]], MAP)
    assert column("Tags", tags) == ['{"b":"1","a":null}', "{}", None, '{"é":"ü"}']


def test_maps_with_quotes_and_control_characters() -> None:
    odd = {'q"uote': "back\\slash", "new\nline": "tab\t\x01", "plain": "value"}
    [text] = column("Tags", pa.array([list(odd.items())], MAP))
    assert json.loads(text) == odd


def test_a_slice_of_maps_has_the_maps_of_its_rows() -> None:
    tags = pa.array([[("a", "1")], [("b", "2")], [("c", "3")]], MAP).slice(1, 2)
    assert column("Tags", tags) == ['{"b":"2"}', '{"c":"3"}']


def test_lists_of_pairs_become_json() -> None:
    tags = pa.array([[{"key": "a", "value": "1"}, {"key": "b", "value": None}], [], None], PAIRS)
    assert column("Tags", tags) == ['{"a":"1","b":null}', "{}", None]


def test_members_of_structs_that_a_row_has_not_are_left_out() -> None:
    tags = pa.array([{"a": "1", "b": None}, {"a": None, "b": "2"}, None])
    assert column("Tags", tags) == ['{"a":"1"}', '{"b":"2"}', None]


def test_values_other_than_text() -> None:
    details = pa.array([[("CoreCount", 4)]], pa.map_(pa.string(), pa.int64()))
    assert column("SkuPriceDetails", details) == ['{"CoreCount":4}']
    deep = pa.array([{"Elements": [{"Id": "a", "Cost": 1}]}])
    assert column("ContractApplied", deep) == ['{"Elements":[{"Id":"a","Cost":1}]}']

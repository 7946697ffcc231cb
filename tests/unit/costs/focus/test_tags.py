"""Tags and other JSON columns, as text, maps, lists of pairs and structs."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from skyclust.costs.focus import value_remarks
from skyclust.costs.focus.model import json_columns
from skyclust.costs.focus.normalize import normalize
from skyclust.costs.focus.value_remarks import ValueRemarks
from tests.unit.costs.focus.samples import batch, column, with_column

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


DOCUMENTS = sorted(json_columns())
BROKEN = [
    *("{team:x", "{'team':'x'}", '{"team":"x"', '{"team":"x"} y', '{"team":"x\ty"}', '{"a":1,}'),
    *('["a"]', '"a"', "1", "true", "null", "team=x", " ", '{"a":NaN}', '{"a":"\\ud800"}'),
    '{"a":' * 100_000,
]
SOUND = [
    *("{}", ' { "a" : null }\n', '{"team":"a","Team":"b"}', '{"a":{"b":1,"c":[true,-1.5e-7]}}'),
    *('{"a":"\\ud83d\\ude00"}', '{"":"é \\u0000"}', '{"a":{"b":1,"b":2}}', f'{{"a":{"9" * 5000}}}'),
]


def remarks_about(name: str, *texts: str | None) -> list[str]:
    """Return the remarks about the texts of a JSON column, which stay as they are."""
    remarks = ValueRemarks()
    table = normalize(batch(*({name: text} for text in texts)), origin="a.csv", remarks=remarks)
    assert table[name].to_pylist() == [*texts]
    return remarks.sentences()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_text_that_is_no_json_object_has_a_remark(name: str) -> None:
    for broken in BROKEN:
        [remark] = remarks_about(name, "{}", None, broken, '{"a":"b"}', broken)
        assert remark.startswith(f"Column {name}, 2 rows: no JSON object;"), broken
        assert "in row 3 of a.csv" in remark


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_key_that_is_there_twice_has_a_remark(name: str) -> None:
    [remark] = remarks_about(name, '{"team":"a"}', '{"team":"a","team":"b"}')
    assert remark.startswith(f"Column {name}, 1 row: a key is there twice")
    assert "in row 2 of a.csv" in remark


@pytest.mark.parametrize("name", DOCUMENTS)
def test_json_objects_and_nulls_have_none(name: str) -> None:
    assert remarks_about(name, *SOUND, None, *SOUND) == []


def test_lists_and_maps_with_a_key_twice_have_remarks() -> None:
    twice = pa.array([[("a", "1"), ("a", "2")]], MAP)
    for values, kind in ((pa.array([["a", "b"]]), "no JSON object"), (twice, "a key is there")):
        remarks = ValueRemarks()
        normalize(with_column("Tags", values), origin="a.parquet", remarks=remarks)
        assert kind in remarks.sentences()[0]


def test_many_different_texts_are_each_judged_in_bounded_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(value_remarks, "MOST_KNOWN", 10)
    remarks = ValueRemarks()
    for first_row in range(1, 400, 40):
        texts = [f'{{"a":"{number % 70}"}}' for number in range(first_row, first_row + 39)]
        rows = batch(*({"Tags": text} for text in (*texts, "{")))
        normalize(rows, origin="a.csv", first_row=first_row, remarks=remarks)
    [remark] = remarks.sentences()
    assert remark.startswith("Column Tags, 10 rows: no JSON object")
    assert "in row 40 of a.csv" in remark

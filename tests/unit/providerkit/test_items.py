"""An unreadable item is named, and hides no other item."""

from __future__ import annotations

from typing import Any

import pytest

from skyclust.errors import IncompleteList, PermissionDenied, UnexpectedAnswer
from skyclust.providerkit.items import LONGEST_REASON, ItemReader


def size(item: Any) -> int | None:
    return None if item["size"] == 0 else int(item["size"])


def test_readable_items_are_records_and_none_leaves_an_item_out() -> None:
    reader = ItemReader("acme", "disks of east")
    assert reader.read([{"size": 1}, {"size": 0}, {"size": 2}], size, region="east") == [1, 2]
    reader.finish()


def test_unreadable_items_of_all_pages_are_named_at_the_end() -> None:
    reader = ItemReader("acme", "disks of east")
    assert reader.read([{"id": "d-1"}, {"size": 1}, None], size, region="east") == [1]
    assert reader.read([{"id": "d-2", "size": "large"}], size, region="east") == []
    with pytest.raises(
        IncompleteList, match=r"3 of 4 disks of east .*d-1 \(KeyError: 'size'\)"
    ) as e:
        reader.finish()
    assert [item.name for item in e.value.items] == ["d-1", "number 3", "d-2"]
    assert {item.region for item in e.value.items} == {"east"}
    assert e.value.provider == "acme"


def test_an_item_of_an_account_is_named_with_its_region_where_it_has_one() -> None:
    reader = ItemReader("acme", "disks")
    items = [{"zone": "west", "id": "d-1"}, {"id": "d-2"}]
    reader.read(items, size, region=lambda item: str(item["zone"]))
    with pytest.raises(IncompleteList) as error:
        reader.finish()
    assert [(item.name, item.region) for item in error.value.items] == [
        ("d-1", "west"),
        ("d-2", ""),
    ]


def test_the_reason_of_an_unexpected_answer_is_kept_and_cut() -> None:
    def refuse(item: Any) -> int:
        raise UnexpectedAnswer(f"{item} " * LONGEST_REASON)

    reader = ItemReader("acme", "disks")
    reader.read(["odd"], refuse, region="east", name=str)
    with pytest.raises(IncompleteList) as error:
        reader.finish()
    [item] = error.value.items
    assert item.name == "odd"
    assert len(item.reason) == LONGEST_REASON


def test_an_error_that_is_not_about_the_item_is_raised() -> None:
    def denied(item: Any) -> int:
        raise PermissionDenied("You may not.")

    with pytest.raises(PermissionDenied):
        ItemReader("acme", "disks").read([{}], denied, region="east")

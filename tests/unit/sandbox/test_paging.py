"""Pages of AWS, and the tokens of the next page."""

from __future__ import annotations

import pytest

from skyclust_sandbox.aws.paging import Cursors, InvalidCursor, listing_of, page_of


def pages(items: list[str], size: int) -> list[list[str]]:
    shown: list[list[str]] = []
    after: str | None = None
    while True:
        page = page_of(items, str, size=size, after=after, largest=None)
        shown.append(page.items)
        after = page.last_id
        if after is None:
            return shown


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 100])
def test_pages_of_any_size_hold_each_item_once(size: int) -> None:
    items = ["c", "a", "e", "b", "d", "f"]
    shown = pages(items, size)
    assert [item for page in shown for item in page] == sorted(items)
    assert all(len(page) == size for page in shown[:-1])


def test_an_empty_list_is_one_empty_page() -> None:
    assert pages([], 5) == [[]]


def test_changes_between_pages_hide_no_other_item() -> None:
    first = page_of(["a", "b", "d"], str, size=2, after=None, largest=None)
    second = page_of(["a", "c", "d"], str, size=2, after=first.last_id, largest=None)
    assert (first.items, second.items) == (["a", "b"], ["c", "d"])


def test_a_limit_applies_to_any_requested_size() -> None:
    assert page_of("abc", str, size=100, after=None, largest=1).items == ["a"]


def test_a_token_is_valid_in_its_own_list_only() -> None:
    cursors = Cursors(b"key", lifetime_seconds=60)
    listing = listing_of("1", "r1", {"Action": "A", "Filters": ["x"], "MaxResults": 5})
    token = cursors.create(listing, "i-1")
    # Another page size is fine; another filter is another list.
    again = listing_of("1", "r1", {"Action": "A", "Filters": ["x"], "NextToken": token})
    assert cursors.read(again, token) == "i-1"
    for other in (
        listing_of("2", "r1", {"Action": "A", "Filters": ["x"]}),
        listing_of("1", "r2", {"Action": "A", "Filters": ["x"]}),
        listing_of("1", "r1", {"Action": "A", "Filters": ["y"]}),
    ):
        with pytest.raises(InvalidCursor):
            cursors.read(other, token)


@pytest.mark.parametrize("token", ["", "garbage", "i-0123456789abcdef0", "ä", "AAAA" * 20])
def test_an_unknown_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidCursor):
        Cursors(b"key", lifetime_seconds=60).read("list", token)


def test_a_token_expires() -> None:
    now = [0.0]
    cursors = Cursors(b"key", lifetime_seconds=60, clock=lambda: now[0])
    token = cursors.create("list", "i-1")
    now[0] = 60.0
    assert cursors.read("list", token) == "i-1"
    now[0] = 60.5
    with pytest.raises(InvalidCursor):
        cursors.read("list", token)

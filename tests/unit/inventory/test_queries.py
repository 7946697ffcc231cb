"""Lists come a page at a time: each item once, whatever the size of a page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from skyclust.cursor import decode_cursor, encode_cursor
from skyclust.errors import InvalidRequest, NotFound
from skyclust.inventory.queries import ResourceFilter, never_read, search_changes, search_resources
from skyclust.model.instance_action import InstanceAction
from skyclust.operations.queries import search_operations
from skyclust.store.engine import Store
from tests.unit.store.inventory import KEY, add_credential, machine, prepare, sync
from tests.unit.store.operations import journal_one

NAMES = ["web", "Web", "db", "", "Äpfel", "web-2", "zoo", "a_b", "a-b"]
"""Names whose order differs between the collations of databases."""


@pytest.fixture
def store(store: Store) -> Store:
    prepare(store)
    listed = [machine(f"n{number}", name=name) for number, name in enumerate(NAMES)]
    sync(store, listed)
    sync(
        store,
        [machine("far", region="us-east-1")],
        key=KEY.model_copy(update={"region": "us-east-1"}),
    )
    return store


@pytest.mark.parametrize("limit", [1, 3, 9, 10, 11])
def test_pages_of_resources_make_the_whole_list(store: Store, limit: int) -> None:
    whole = search_resources(store, "default", ResourceFilter())
    assert (len(whole.resources), whole.next_cursor) == (len(NAMES) + 1, None)
    paged, cursor = [], None
    for _ in range(len(NAMES) + 2):
        page = search_resources(store, "default", ResourceFilter(), limit=limit, cursor=cursor)
        assert 0 < len(page.resources) <= limit
        paged += page.resources
        cursor = page.next_cursor
        if cursor is None:
            break
    assert [each.id for each in paged] == [each.id for each in whole.resources]


@pytest.mark.parametrize("limit", [1, 4, 10])
def test_pages_of_changes_make_the_whole_list(store: Store, limit: int) -> None:
    sync(store, [machine("n1", name="renamed")])
    whole = search_changes(store, "default")
    paged, cursor = [], None
    while True:
        page = search_changes(store, "default", limit=limit, cursor=cursor)
        paged += page.changes
        cursor = page.next_cursor
        if cursor is None:
            break
    assert paged == whole.changes
    assert len(paged) > len(NAMES) + 1


def test_pages_of_operations_make_the_whole_list(store: Store) -> None:
    for number in range(5):
        journal_one(store, run_id=None, name=f"web-{number}")
    whole = search_operations(store, "default", kinds=[InstanceAction.CREATE])
    paged, cursor = [], None
    while True:
        page = search_operations(store, "default", limit=2, cursor=cursor)
        paged += page.operations
        cursor = page.next_cursor
        if cursor is None:
            break
    assert [each.id for each in paged] == [each.id for each in whole.operations]
    assert len(paged) == 5


def test_what_is_added_meanwhile_repeats_nothing(store: Store) -> None:
    first = search_resources(store, "default", ResourceFilter(), limit=5)
    added = [machine(f"n{number}", name=name) for number, name in enumerate(NAMES)]
    sync(store, [*added, machine("new", name="000")])
    rest = search_resources(store, "default", ResourceFilter(), cursor=first.next_cursor)
    ids = [each.id for each in [*first.resources, *rest.resources]]
    assert len(ids) == len(set(ids)) == len(NAMES) + 1


OTHER_LIST = encode_cursor("2026-11-28T06:00:00+00:00", "7", of="another list")


@pytest.mark.parametrize(
    "cursor", ["?", "e30", encode_cursor("one", of="resources"), OTHER_LIST, "x" * 5000, "[[[["]
)
def test_a_text_that_is_no_cursor_is_refused(store: Store, cursor: str) -> None:
    for search in (
        lambda: search_resources(store, "default", ResourceFilter(), cursor=cursor),
        lambda: search_changes(store, "default", cursor=cursor),
        lambda: search_operations(store, "default", cursor=cursor),
    ):
        with pytest.raises(InvalidRequest, match="is no cursor of this list"):
            search()


def test_a_cursor_keeps_any_text() -> None:
    keys = ("a", "Ä\ud800\n", "")
    assert decode_cursor(encode_cursor(*keys, of="list"), of="list", keys=3) == keys


def test_unknown_kinds_and_workspaces_are_refused(store: Store) -> None:
    with pytest.raises(InvalidRequest, match="no kind of operation 'levitate'"):
        search_operations(store, "default", kinds=["levitate"])
    for search in (search_resources, search_changes, search_operations):
        arguments = (ResourceFilter(),) if search is search_resources else ()
        with pytest.raises(NotFound, match="nowhere"):
            search(store, "nowhere", *arguments)


def test_the_past_says_nothing_about_what_is_fresh_now(store: Store) -> None:
    wanted = ResourceFilter(as_of=datetime(2020, 1, 1, tzinfo=UTC))
    page = search_resources(store, "default", wanted)
    assert (page.resources, page.stale, page.failed, page.never_read) == ([], 0, 0, [])


def test_a_credential_that_no_sync_has_read_by_is_named(store: Store) -> None:
    with store.writing() as connection:
        add_credential(connection, "default", name="unread")
    assert never_read(store, "default") == ["unread"]
    assert search_resources(store, "default", ResourceFilter()).never_read == ["unread"]
    assert never_read(store, "default", credential_names=["prod"]) == []
    with pytest.raises(NotFound, match="nowhere"):
        never_read(store, "nowhere")

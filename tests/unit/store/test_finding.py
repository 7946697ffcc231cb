"""Queries of the inventory: filters, earlier times, and changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from skyclust.errors import InvalidRequest
from skyclust.model.resource import ChangeKind, ResourceKind
from skyclust.model.scope import ScopeKey
from skyclust.store import credentials, resources
from skyclust.store.engine import Store
from tests.unit.store.inventory import (
    KEY,
    REGION,
    add_credential,
    machine,
    machines,
    names,
    prepare,
    sync,
)


@pytest.fixture
def store(store: Store) -> Store:
    return prepare(store)


@pytest.fixture
def estate(store: Store) -> Store:
    """Two instances, one of them stopped in another region, and a disk of another credential."""
    with store.writing() as connection:
        add_credential(connection, name="test")
    disk = machine("disk", kind=ResourceKind.DISK, state="in_use", tags={})
    sync(store, [machine("web", tags={"env": "prod", 'odd "$. name': "it's"})])
    sync(
        store,
        [machine("db", region="us-east-1", state="stopped", tags={"env": "prod", "tier": "1"})],
        key=KEY.model_copy(update={"region": "us-east-1"}),
    )
    sync(store, [disk], key=ScopeKey(credential="test", region=REGION, kind=ResourceKind.DISK))
    return store


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["web", "db", "disk"]),
        ({"kinds": [ResourceKind.INSTANCE]}, ["web", "db"]),
        ({"kinds": [ResourceKind.INSTANCE, ResourceKind.DISK]}, ["web", "db", "disk"]),
        ({"kinds": []}, ["web", "db", "disk"]),
        ({"providers": ["gcp"]}, []),
        ({"credentials": ["test"]}, ["disk"]),
        ({"regions": ["us-east-1"]}, ["db"]),
        ({"states": ["running", "in_use"]}, ["web", "disk"]),
        ({"names": ["db"]}, ["db"]),
        ({"ids": ["i-web", "i-disk"]}, ["web", "disk"]),
        ({"tags": {"env": "prod"}}, ["web", "db"]),
        ({"tags": {"env": "prod", "tier": "1"}}, ["db"]),
        ({"tags": {"env": "PROD"}}, []),
        ({"tags": {"env": "pro"}}, []),
        ({"tags": {'odd "$. name': "it's"}}, ["web"]),
        ({"tags": {"env": "prod"}, "regions": [REGION], "states": ["stopped"]}, []),
    ],
    ids=str,
)
def test_filters(estate: Store, filters: dict[str, Any], expected: list[str]) -> None:
    assert names(estate, **filters) == expected


class TestPast:
    def test_each_moment_has_its_own_answer(self, store: Store) -> None:
        before = datetime.now(UTC)
        sync(store, [machine("a"), machine("b")])
        first = datetime.now(UTC)
        sync(store, [machine("a", state="stopped"), machine("c")])
        second = datetime.now(UTC)
        sync(store, [])

        def states(moment: datetime) -> dict[str, str | None]:
            with store.reading() as connection:
                found = resources.find(connection, "default", as_of=moment)
            return {one.name: one.state for one in found}

        assert states(before) == {}
        assert states(first) == {"a": "running", "b": "running"}
        assert states(second) == {"a": "stopped", "c": "running"}
        assert states(datetime.now(UTC)) == {}

    def test_filters_hold_in_the_past(self, store: Store) -> None:
        sync(store, [machine("a"), machine("b", tags={"env": "test"})])
        moment = datetime.now(UTC)
        sync(store, [])
        assert names(store, as_of=moment, tags={"env": "test"}) == ["b"]

    def test_it_outlives_the_credential(self, store: Store) -> None:
        sync(store, [machine("a")])
        moment = datetime.now(UTC)
        with store.writing() as connection:
            credentials.remove(connection, "default", "prod")
        assert names(store) == []
        assert names(store, as_of=moment) == ["a"]

    def test_the_scopes_of_today_say_nothing_of_the_past(self, store: Store) -> None:
        sync(store, [machine("a")])
        with store.reading() as connection:
            found = resources.find(connection, "default", as_of=datetime.now(UTC))
        assert [one.scope_state for one in found] == [None]

    def test_a_moment_without_timezone_is_refused(self, store: Store) -> None:
        naive = datetime(2026, 1, 1)  # noqa: DTZ001  what is refused
        with store.reading() as connection:
            with pytest.raises(InvalidRequest, match="as_of"):
                resources.find(connection, "default", as_of=naive)
            with pytest.raises(InvalidRequest, match="since"):
                resources.changes(connection, "default", since=naive)


class TestChanges:
    def test_newest_first_with_what_differs(self, store: Store) -> None:
        sync(store, [machine("a"), machine("b")], run_id="one")
        after = machine(
            "a",
            state="stopped",
            tags={"env": "test", "new": "1"},
            attributes={"type": "t3.large", "private_addresses": ["10.0.0.1"], "cores": 2},
        )
        sync(store, [after], run_id="two")
        with store.reading() as connection:
            found = resources.changes(connection, "default")
        assert {(one.kind, one.resource.name, one.run_id) for one in found[:2]} == {
            (ChangeKind.CHANGED, "a", "two"),
            (ChangeKind.GONE, "b", "two"),
        }
        assert [(one.kind, one.run_id) for one in found[2:]] == [(ChangeKind.ADDED, "one")] * 2
        changed = next(one for one in found if one.kind is ChangeKind.CHANGED)
        assert changed.resource == after
        assert changed.before == {
            "state": "running",
            "tags.Name": "a",
            "tags.env": "prod",
            "tags.new": None,
            "attributes.type": "t3.small",
        }
        assert changed.after == {
            "state": "stopped",
            "tags.Name": None,
            "tags.env": "test",
            "tags.new": "1",
            "attributes.type": "t3.large",
        }

    def test_what_comes_back_is_added_anew(self, store: Store) -> None:
        for read in ([machine("a")], [], [machine("a")]):
            sync(store, read)
        with store.reading() as connection:
            kinds = [one.kind for one in resources.changes(connection, "default")]
        assert kinds == [ChangeKind.ADDED, ChangeKind.GONE, ChangeKind.ADDED]

    def test_filters_and_limit(self, store: Store) -> None:
        sync(store, machines(5), run_id="one")
        middle = datetime.now(UTC)
        sync(store, machines(3), run_id="two")
        with store.reading() as connection:

            def count(**filters: Any) -> int:
                found = resources.changes(connection, "default", **filters)
                counted = resources.count_changes(
                    connection, "default", **{k: v for k, v in filters.items() if k != "limit"}
                )
                assert "limit" in filters or sum(counted.values()) == len(found)
                return len(found)

            assert count() == 7
            assert count(since=middle) == 2
            assert count(until=middle) == 5
            assert count(run_id="two") == 2
            assert count(run_id="three") == 0
            assert count(kinds=[ResourceKind.DISK]) == 0
            assert count(limit=4) == 4

    def test_counts_by_kind(self, store: Store) -> None:
        sync(store, [machine("a"), machine("b")])
        sync(store, [machine("a", state="stopped")])
        with store.reading() as connection:
            counted = resources.count_changes(connection, "default")
        assert counted == {ChangeKind.ADDED: 2, ChangeKind.CHANGED: 1, ChangeKind.GONE: 1}

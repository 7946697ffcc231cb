"""Storing a complete read: what is written, what is swept, and when the brake engages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Connection, event

from skyclust.errors import BrakeEngaged, InvalidRequest, NotFound, Unavailable
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeKey, ScopeState
from skyclust.store import resources, scopes
from skyclust.store.engine import Store
from tests.unit.store.inventory import (
    CREATED,
    KEY,
    REGION,
    ago,
    machine,
    machines,
    names,
    prepare,
    sync,
)


@pytest.fixture
def store(store: Store) -> Store:
    return prepare(store)


def test_the_first_read_adds_all_resources_unchanged(store: Store) -> None:
    read = [machine("a"), machine("b", state=None, zone=None, created_at=None, tags={})]
    changes = sync(store, read)
    assert (changes.added, changes.changed, changes.gone) == (("i-a", "i-b"), (), ())
    with store.reading() as connection:
        found = resources.find(connection, "default")
    fields = set(type(read[0]).model_fields)
    assert [one.model_dump(include=fields) for one in found] == [one.model_dump() for one in read]
    assert {one.scope_state for one in found} == {ScopeState.FRESH}
    assert {(one.workspace_id, one.credential) for one in found} == {("default", "prod")}


def test_a_second_read_writes_what_changed_and_sweeps_what_is_gone(store: Store) -> None:
    sync(store, [machine("a"), machine("b"), machine("c")])
    changes = sync(store, [machine("a"), machine("b", state="stopped"), machine("d")])
    assert (changes.added, changes.changed, changes.gone) == (("i-d",), ("i-b",), ("i-c",))
    assert changes.unchanged == 1
    assert names(store) == ["a", "b", "d"]


def test_an_unchanged_read_writes_no_resource_row(store: Store) -> None:
    sync(store, machines(50))
    written: list[str] = []

    def note(connection: Connection, cursor: object, statement: str, *_: object) -> None:
        if statement.split(maxsplit=1)[0] in {"INSERT", "UPDATE", "DELETE"}:
            written.append(statement.split("SET", maxsplit=1)[0].strip())

    with store.writing() as connection:
        event.listen(connection, "before_cursor_execute", note)
        changes = resources.replace_scope(
            connection,
            "default",
            KEY,
            "aws",
            machines(50),
            read_started_at=datetime.now(UTC),
            run_id="second",
        )
    assert changes.unchanged == 50
    assert written == ["UPDATE scopes"]


def test_an_unchanged_resource_counts_as_observed_by_the_read(store: Store) -> None:
    sync(store, [machine("a")], started=ago(60))
    started = ago(10)
    sync(store, [machine("a")], started=started)
    with store.reading() as connection:
        assert resources.find(connection, "default")[0].observed_at == started


def test_first_seen_at_outlives_changes_but_not_the_resource(store: Store) -> None:
    def first_seen() -> datetime:
        with store.reading() as connection:
            return resources.find(connection, "default")[0].first_seen_at

    sync(store, [machine("a")])
    first = first_seen()
    sync(store, [machine("a", state="stopped")])
    assert first_seen() == first
    sync(store, [])
    sync(store, [machine("a")])
    assert first_seen() > first


@pytest.mark.parametrize(
    "same",
    [
        machine("a", tags={"Name": "a", "env": "prod"}),
        machine("a", created_at=CREATED.astimezone(timezone(timedelta(hours=5)))),
    ],
    ids=["tags in another order", "the same moment in another timezone"],
)
def test_an_equal_resource_is_no_change(store: Store, same: object) -> None:
    sync(store, [machine("a")])
    assert sync(store, [same]).unchanged == 1  # type: ignore[list-item]  # parametrised


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "other"},
        {"zone": None},
        {"state": "stopped"},
        {"native_state": "stopped"},
        {"tags": {}},
        {"created_at": None},
        {"attributes": {"type": "t3.large"}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_every_field_makes_a_change(store: Store, changed: dict[str, object]) -> None:
    sync(store, [machine("a")])
    assert sync(store, [machine("a", **changed)]).changed == ("i-a",)


def test_a_resource_that_a_page_repeats_is_stored_once(store: Store) -> None:
    changes = sync(store, [machine("a"), machine("a", state="stopped")])
    assert changes.added == ("i-a",)
    with store.reading() as connection:
        assert [one.state for one in resources.find(connection, "default")] == ["stopped"]


def test_other_scopes_are_left_alone(store: Store) -> None:
    disk = machine("disk", kind=ResourceKind.DISK)
    far = machine("far", region="us-east-1")
    sync(store, [machine("a")])
    sync(store, [disk], key=ScopeKey(credential="prod", region=REGION, kind=ResourceKind.DISK))
    sync(store, [far], key=KEY.model_copy(update={"region": "us-east-1"}))
    sync(store, [])
    assert names(store) == ["disk", "far"]


def test_more_rows_than_a_statement_takes_parameters(store: Store) -> None:
    many = machines(33_000)
    assert len(sync(store, many).added) == 33_000
    changed = [machine(one.name, state="stopped") for one in many]
    assert len(sync(store, changed).changed) == 33_000
    assert len(sync(store, [], allow_mass_delete=True).gone) == 33_000
    assert names(store) == []


class TestBrake:
    def test_a_read_that_lacks_most_of_a_scope_is_not_stored(self, store: Store) -> None:
        sync(store, machines(30))
        with pytest.raises(BrakeEngaged, match="lacks 20 of the 30 known"):
            sync(store, [machine("new"), *machines(10)])
        assert len(names(store)) == 30
        assert "new" not in names(store)

    def test_the_brake_can_be_released(self, store: Store) -> None:
        sync(store, machines(30))
        assert len(sync(store, machines(10), allow_mass_delete=True).gone) == 20
        assert len(names(store)) == 10

    @pytest.mark.parametrize(("stored", "read"), [(10, 0), (100, 50), (22, 11)])
    def test_a_few_or_half_may_go(self, store: Store, stored: int, read: int) -> None:
        sync(store, machines(stored))
        assert len(sync(store, machines(read)).gone) == stored - read

    def test_share_and_floor_are_the_callers(self, store: Store) -> None:
        sync(store, machines(100))
        with pytest.raises(BrakeEngaged):
            sync(store, machines(80), brake_share=0.1)
        assert len(sync(store, machines(80), brake_share=0.1, brake_floor=20).gone) == 20


class TestRefusals:
    @pytest.mark.parametrize(
        "stranger",
        [
            machine("a", region="us-east-1"),
            machine("a", kind=ResourceKind.DISK),
            machine("a", provider="gcp"),
        ],
        ids=["region", "kind", "provider"],
    )
    def test_a_resource_of_another_scope(self, store: Store, stranger: object) -> None:
        with pytest.raises(InvalidRequest, match="not of the scope"):
            sync(store, [stranger])  # type: ignore[list-item]  # parametrised

    def test_an_unknown_credential(self, store: Store) -> None:
        with pytest.raises(NotFound, match="nobody"):
            sync(store, [], key=KEY.model_copy(update={"credential": "nobody"}))

    def test_a_moment_without_timezone(self, store: Store) -> None:
        naive = datetime(2026, 1, 1)  # noqa: DTZ001  what is refused
        with pytest.raises(InvalidRequest, match="no timezone"):
            sync(store, [], started=naive)
        with pytest.raises(InvalidRequest, match="no timezone"):
            sync(store, [machine("a").model_copy(update={"created_at": naive})])

    @pytest.mark.parametrize(
        "bad",
        [
            {"name": "a\x00b"},
            {"tags": {"k\x00": "v"}},
            {"attributes": {"deep": [{"x": "\x00"}]}},
            {"tags": {"k": "\ud800"}},
            {"attributes": {"n": 2**70}},
        ],
        ids=["NUL in name", "NUL in tag", "NUL in attribute", "surrogate", "huge integer"],
    )
    def test_what_no_engine_keeps(self, store: Store, bad: dict[str, object]) -> None:
        with pytest.raises(InvalidRequest, match="i-a"):
            sync(store, [machine("a").model_copy(update=bad)])

    def test_text_that_only_looks_like_nul_is_kept(self, store: Store) -> None:
        sync(store, [machine("a", tags={"path": "C:\\u0000"})])
        with store.reading() as connection:
            assert resources.find(connection, "default")[0].tags == {"path": "C:\\u0000"}


def test_a_failed_unit_of_work_writes_nothing(store: Store) -> None:
    def store_and_fail(connection: Connection) -> None:
        resources.replace_scope(
            connection,
            "default",
            KEY,
            "aws",
            [machine("b")],
            read_started_at=datetime.now(UTC),
            run_id=None,
        )
        raise Unavailable("The worker loses its connection here.")

    sync(store, [machine("a")])
    with pytest.raises(Unavailable), store.writing() as connection:
        store_and_fail(connection)
    assert names(store) == ["a"]


def test_a_scope_says_when_it_was_read_and_by_which_run(store: Store) -> None:
    sync(store, [machine("a")], run_id="run-7")
    with store.reading() as connection:
        scope = scopes.list_all(connection, "default")[0]
    assert (scope.state, scope.resources, scope.run_id) == (ScopeState.FRESH, 1, "run-7")
    assert scope.completed_at == scope.attempted_at
    assert scope.completed_at is not None
    assert scope.completed_at.tzinfo is UTC

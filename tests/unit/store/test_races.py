"""Reads and single writes that overlap: the later observation is kept."""

from __future__ import annotations

import pytest

from skyclust.errors import BrakeEngaged
from skyclust.model.resource import Resource, ResourceKind
from skyclust.store import resources
from skyclust.store.engine import Store
from tests.unit.store.inventory import REGION, ago, machine, machines, names, prepare, sync


@pytest.fixture
def store(store: Store) -> Store:
    return prepare(store)


def record(store: Store, resource: Resource) -> None:
    with store.writing() as connection:
        resources.record(connection, "default", "prod", resource, run_id="machine-run")


def forget(store: Store, name: str) -> None:
    with store.writing() as connection:
        resources.forget(
            connection,
            "default",
            "prod",
            REGION,
            ResourceKind.INSTANCE,
            f"i-{name}",
            run_id="machine-run",
        )


def state(store: Store, name: str) -> str | None:
    with store.reading() as connection:
        return resources.find(connection, "default", names=[name])[0].state


def test_an_instance_created_during_a_read_is_not_swept_by_it(store: Store) -> None:
    started = ago(1)
    record(store, machine("new"))
    changes = sync(store, [machine("old")], started=started)
    assert changes.gone == ()
    assert names(store) == ["new", "old"]


def test_an_instance_changed_during_a_read_keeps_the_change(store: Store) -> None:
    sync(store, [machine("a")], started=ago(60))
    started = ago(1)
    record(store, machine("a", state="stopped"))
    changes = sync(store, [machine("a")], started=started)
    assert changes.changed == ()
    assert state(store, "a") == "stopped"


def test_an_instance_deleted_during_a_read_does_not_come_back(store: Store) -> None:
    sync(store, [machine("a"), machine("b")], started=ago(60))
    started = ago(1)
    forget(store, "a")
    changes = sync(store, [machine("a"), machine("b")], started=started)
    assert changes.added == ()
    assert names(store) == ["b"]


def test_an_instance_observed_unchanged_during_a_read_is_not_swept(store: Store) -> None:
    sync(store, [machine("a")], started=ago(60))
    started = ago(1)
    record(store, machine("a"))
    assert sync(store, [], started=started).gone == ()
    assert names(store) == ["a"]


def test_a_read_that_begins_after_a_single_write_replaces_it(store: Store) -> None:
    record(store, machine("a", state="stopped"))
    record(store, machine("b"))
    forget(store, "b")
    changes = sync(store, [machine("b"), machine("a")])
    assert (changes.added, changes.changed) == (("i-b",), ("i-a",))
    assert state(store, "a") == "running"


def test_a_read_older_than_the_last_stored_one_writes_nothing(store: Store) -> None:
    older, younger = ago(20), ago(10)
    sync(store, [machine("a")], started=younger)
    changes = sync(store, [machine("b")], started=older)
    assert changes.superseded
    assert (changes.added, changes.changed, changes.gone) == ((), (), ())
    assert names(store) == ["a"]


def test_storing_one_read_twice_changes_nothing(store: Store) -> None:
    started = ago(10)
    sync(store, [machine("a")], started=started)
    changes = sync(store, [machine("a")], started=started)
    assert not changes.superseded
    assert (changes.added, changes.changed, changes.gone, changes.unchanged) == ((), (), (), 1)


def test_recent_rows_do_not_release_the_brake(store: Store) -> None:
    sync(store, machines(30), started=ago(60))
    started = ago(1)
    record(store, machine("new"))
    with pytest.raises(BrakeEngaged):
        sync(store, [], started=started)
    assert len(names(store)) == 31


def test_forgetting_an_unknown_resource_is_no_error(store: Store) -> None:
    forget(store, "nobody")
    assert names(store) == []


def test_an_instance_recorded_before_any_read_has_no_scope(store: Store) -> None:
    record(store, machine("a"))
    with store.reading() as connection:
        found = resources.find(connection, "default")
    assert [(one.name, one.scope_state) for one in found] == [("a", None)]

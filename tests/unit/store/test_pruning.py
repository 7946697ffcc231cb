"""Old versions go, and no answer becomes wrong by it: it stays, or it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.resource import ChangeKind
from skyclust.store import audit, pruning, resources, retention
from skyclust.store.engine import Store
from skyclust.store.pruning import count_prunable, prune_versions, prune_when_due
from skyclust.store.tables import resource_versions, workspaces
from tests.unit.store.aged_history import days_ago, write_history
from tests.unit.store.inventory import machine, names, prepare, sync

KEEP = timedelta(days=30)


@pytest.fixture
def store(store: Store) -> Store:
    return prepare(store, "other")


@pytest.fixture
def history(store: Store) -> Store:
    """The history of `write_history` in both workspaces."""
    return write_history(store, "default", "other")


def states(store: Store, days: float, workspace_id: str = "default") -> dict[str, str | None]:
    with store.reading() as connection:
        found = resources.find(connection, workspace_id, as_of=days_ago(days))
    return {one.name: one.state for one in found}


def changed(store: Store, **filters: Any) -> list[tuple[str, str, str | None]]:
    """Return the changes: name, kind of change, and the state before."""
    with store.reading() as connection:
        found = resources.changes(connection, "default", **filters)
    return [(one.resource.name, one.kind.value, (one.before or {}).get("state")) for one in found]  # type: ignore[misc]  # a state is text


def prune(store: Store, keep: timedelta = KEEP) -> pruning.PrunedVersions:
    return prune_versions(store, "default", keep, actor="user:0")


def test_every_answer_within_the_kept_period_stays(history: Store) -> None:
    before = {days: states(history, days) for days in (29, 21, 15, 9, 0)}
    since = days_ago(29)
    changes = changed(history, since=since)
    with history.reading() as connection:
        counted = resources.count_changes(connection, "default", since=since)
    pruned = prune(history)
    assert pruned.versions == 2  # the first state of `web`, and `old`
    assert {days: states(history, days) for days in before} == before
    assert changed(history, since=since) == changes
    with history.reading() as connection:
        assert resources.count_changes(connection, "default", since=since) == counted
    assert before[29] == {"still": "running", "web": "b", "late": "running"}
    assert ("web", "changed", "b") in changes


def test_a_question_about_an_earlier_time_is_refused(history: Store) -> None:
    assert "old" in states(history, 45)
    prune(history)
    with pytest.raises(InvalidRequest, match=r"not known any more.*keeps the versions"):
        states(history, 45)
    earlier: tuple[dict[str, Any], ...] = ({"since": days_ago(45)}, {"until": days_ago(45)})
    for filters in earlier:
        with pytest.raises(InvalidRequest, match="not known any more"):
            changed(history, **filters)
        with history.reading() as connection, pytest.raises(InvalidRequest):
            resources.count_changes(connection, "default", **filters)


def test_changes_without_a_beginning_begin_with_what_is_kept(history: Store) -> None:
    assert len(changed(history)) == 8
    prune(history)
    assert changed(history) == [("late", "gone", None), ("web", "changed", "b")]
    assert changed(history, run_id="run-50") == []
    with history.reading() as connection:
        assert resources.count_changes(connection, "default") == {
            ChangeKind.ADDED: 0,
            ChangeKind.CHANGED: 1,
            ChangeKind.GONE: 1,
        }


def test_what_is_there_is_never_removed(history: Store) -> None:
    for _ in range(2):
        prune(history, timedelta(days=1))
        assert names(history) == ["still", "web"]
    with history.reading() as connection:
        [still] = resources.find(connection, "default", names=["still"])
    assert still.first_seen_at < days_ago(0)
    sync(history, [machine("still", state="stopped"), machine("web", state="c")])
    assert changed(history)[0] == ("still", "changed", "running")


def test_another_workspace_keeps_its_history(history: Store) -> None:
    before = states(history, 45, "other")
    prune(history)
    assert states(history, 45, "other") == before


def test_a_version_that_ended_at_the_cutoff_is_what_a_change_is_compared_with(
    history: Store,
) -> None:
    with history.reading() as connection:
        at = connection.scalar(
            select(resource_versions.c.valid_to).where(
                resource_versions.c.ended_run_id == "run-20",
                resource_versions.c.workspace_id == "default",
            )
        )
    assert at is not None
    with history.writing() as connection:
        retention.keep_from(connection, "default", at)
        assert retention.delete_ended_before(connection, "default", at, limit=100) == 2
    assert ("web", "changed", "b") in changed(history, since=at)


def test_nothing_is_removed_that_the_workspace_claims_to_keep(history: Store) -> None:
    with history.writing() as connection:
        for _ in range(2):
            with pytest.raises(InvalidRequest, match="keeps its versions"):
                retention.delete_ended_before(connection, "default", days_ago(30), limit=9)
            retention.keep_from(connection, "default", days_ago(31))


def test_the_kept_period_never_grows_back(history: Store) -> None:
    first = prune(history, timedelta(days=15))
    second = prune(history, timedelta(days=45))
    assert second.kept_from == first.kept_from
    with pytest.raises(InvalidRequest):
        states(history, 20)


def test_a_dry_run_counts_what_pruning_removes(history: Store) -> None:
    counted = count_prunable(history, "default", KEEP)
    assert counted.versions == 2
    assert states(history, 45)  # nothing was removed or refused
    assert prune(history).versions == counted.versions
    assert count_prunable(history, "default", KEEP).versions == 0


def test_it_runs_in_batches_each_with_a_line_of_the_trail(
    history: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH", 1)
    commits: list[object] = []
    event.listen(history._engine, "commit", commits.append)
    assert prune(history).versions == 2
    assert len(commits) == 1 + 2 + 1  # the period, two batches, and one that finds nothing
    with history.reading() as connection:
        lines = audit.list_all(connection, "default")
        assert audit.verify(connection, "default") == []
    assert [line.action for line in lines] == ["inventory.prune"] * 2
    assert {line.detail["versions"] for line in lines} == {1}


def test_nothing_to_remove_leaves_no_line(history: Store) -> None:
    assert prune(history, timedelta(days=60)).versions == 0
    with history.reading() as connection:
        assert audit.list_all(connection, "default") == []


def test_housekeeping_prunes_once_a_day(history: Store) -> None:
    first = prune_when_due(history, "default", KEEP, actor="flow-run:1")
    assert first is not None
    assert first.versions == 2
    assert prune_when_due(history, "default", KEEP, actor="flow-run:2") is None
    with history.writing() as connection:
        connection.execute(
            update(workspaces).values(versions_kept_from=first.kept_from - timedelta(days=1))
        )
    assert prune_when_due(history, "default", KEEP, actor="flow-run:3") is not None


@pytest.mark.parametrize("keep", [timedelta(0), timedelta(hours=23), timedelta(days=10**6)])
def test_a_period_that_cannot_be_is_refused(store: Store, keep: timedelta) -> None:
    with pytest.raises(InvalidRequest):
        prune(store, keep)
    with pytest.raises(InvalidRequest):
        count_prunable(store, "default", keep)


def test_an_unknown_workspace_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        prune_versions(store, "nobody", KEEP, actor="user:0")
    with pytest.raises(NotFound):
        count_prunable(store, "nobody", KEEP)


ENDED = "ix_resource_versions_ended (workspace_id=? AND ended_by=?"


@pytest.fixture
def plans(sqlite_store: Store) -> Iterator[list[str]]:
    """The plans of the statements that SQLite is given, as the test runs them."""
    found: list[str] = []
    engine = sqlite_store._engine

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "DELETE")):
            rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found.extend(str(row[3]) for row in rows)

    event.listen(engine, "before_cursor_execute", explain)
    yield found
    event.remove(engine, "before_cursor_execute", explain)


def test_what_ended_is_found_by_an_index(sqlite_store: Store, plans: list[str]) -> None:
    with sqlite_store.reading() as connection:
        resources.changes(connection, "default", run_id="run")
    assert any("ix_resource_versions_ended_run " in plan for plan in plans), plans
    plans.clear()
    with sqlite_store.reading() as connection:
        resources.changes(connection, "default", since=days_ago(1))
    assert any(f"{ENDED} AND valid_to>?)" in plan for plan in plans), plans
    plans.clear()
    with sqlite_store.writing() as connection:
        retention.keep_from(connection, "default", days_ago(30))
        retention.count_ended_before(connection, "default", days_ago(30))
        retention.delete_ended_before(connection, "default", days_ago(31), limit=5)
        assert connection.scalar(select(func.count()).select_from(resource_versions)) == 0
    assert sum(f"{ENDED} AND valid_to<?)" in plan for plan in plans) == 2, plans

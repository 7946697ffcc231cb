"""Heartbeats of runs with open operations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from skyclust.model.operation import OperationState
from skyclust.store import heartbeats, operations, workspaces
from skyclust.store.engine import Store
from tests.unit.store.operations import journal_one


def _beat(store: Store, run_id: str) -> None:
    with store.writing() as connection:
        heartbeats.beat(connection, run_id)


def _last(store: Store, *run_ids: str) -> dict[str, datetime]:
    with store.reading() as connection:
        return heartbeats.last_beats(connection, run_ids)


def test_the_last_heartbeat_of_a_run_counts(store: Store) -> None:
    journal_one(store, run_id="run-1")
    journal_one(store, run_id="run-1")
    begin = datetime.now(UTC)
    _beat(store, "run-1")
    first = _last(store, "run-1", "run-2")
    _beat(store, "run-1")

    assert set(first) == {"run-1"}
    assert begin <= first["run-1"] < _last(store, "run-1")["run-1"] <= datetime.now(UTC)


def test_a_run_without_open_operations_writes_nothing(store: Store) -> None:
    operation = journal_one(store, run_id="run-1")
    with store.writing() as connection:
        operations.advance(
            connection,
            "default",
            operation.id,
            operation.epoch,
            step="succeeded",
            state=OperationState.SUCCEEDED,
        )
    _beat(store, "run-1")
    _beat(store, "run-2")

    assert _last(store, "run-1", "run-2") == {}


def test_a_run_that_works_for_several_workspaces_beats_in_each(store: Store) -> None:
    with store.writing() as connection:
        workspaces.add(connection, "other")
    journal_one(store, run_id="run-1")
    journal_one(store, run_id="run-1", workspace_id="other")

    _beat(store, "run-1")
    _beat(store, "run-1")

    assert set(_last(store, "run-1")) == {"run-1"}


def test_heartbeats_of_ended_and_of_long_crashed_runs_are_deleted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run_id in ("ends", "died", "lives"):
        journal_one(store, run_id=run_id)
    _beat(store, "ends")
    _beat(store, "lives")
    with monkeypatch.context() as patch:
        long_ago = datetime.now(UTC) - heartbeats.KEPT - timedelta(minutes=1)
        patch.setattr(heartbeats, "now", lambda: long_ago)
        _beat(store, "died")

    with store.writing() as connection:
        heartbeats.forget(connection, "ends")

    assert set(_last(store, "ends", "died", "lives")) == {"lives"}

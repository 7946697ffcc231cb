"""A flow run beats while it works, and leaves no heartbeat behind."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from skyclust.orchestration import heartbeats as beating
from skyclust.orchestration.heartbeats import heartbeat
from skyclust.store import heartbeats
from skyclust.store.engine import Store, open_store
from tests.flows.conftest import eventually
from tests.unit.store.operations import journal_one


@pytest.fixture
def home_store(migrated_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(beating, "BEAT_SECONDS", 0.05)
    store = open_store()
    yield store
    store.dispose()


def _last(store: Store, run_id: str) -> datetime | None:
    with store.reading() as connection:
        return heartbeats.last_beats(connection, [run_id]).get(run_id)


def test_a_run_beats_until_it_ends(home_store: Store) -> None:
    journal_one(home_store, run_id="run")

    with heartbeat("run"):
        first = eventually(lambda: _last(home_store, "run"), lambda found: found is not None)
        again = eventually(lambda: _last(home_store, "run"), lambda found: found != first)

    assert first is not None
    assert again is not None
    assert again > first
    assert _last(home_store, "run") is None


def test_a_run_that_fails_stops_beating_too(home_store: Store) -> None:
    journal_one(home_store, run_id="run")

    def failing() -> None:
        with heartbeat("run"):
            eventually(lambda: _last(home_store, "run"), lambda found: found is not None)
            raise RuntimeError("of the flow")

    with pytest.raises(RuntimeError, match="of the flow"):
        failing()

    assert _last(home_store, "run") is None


def test_a_store_that_is_away_breaks_off_no_run(
    home_store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SKYCLUST_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")

    with caplog.at_level(logging.WARNING, logger="skyclust.heartbeats"), heartbeat("run"):
        eventually(lambda: caplog.text, lambda text: "could not write that it is alive" in text)

    assert "stay in the store" in caplog.text

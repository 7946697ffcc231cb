"""A collection of the costs of four clouds by five sources into one ledger, and its checks."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from prefect.client.orchestration import get_client
from prefect.events.worker import EventsWorker

from skyclust.costs.ledger.staging_folders import PREFIX
from skyclust.orchestration.runs import run_here
from skyclust.security.keyring import generate_key
from skyclust.store.engine import Store, open_store
from tests.drills.cost_ledgers import (
    collect_after_two_days,
    delivery_ids,
    files_without_pointer,
    grow_old,
    holds,
    let_holders_end,
    waiting_events,
)
from tests.drills.cost_sources import NAMES, open_source
from tests.drills.dying import NEVER, Child, mark_crashed
from tests.fixtures.prefect import PrefectServer
from tests.flows.conftest import eventually

DAYS: Final = timedelta(days=10)
"""Days that a run reads; sources that deliver by month bring the whole month."""


@dataclass(frozen=True)
class Collection:
    """A collection of all sources into one ledger."""

    store: Store
    staging: Path
    start: date
    end: date
    parameters: dict[str, Any]

    def child(
        self, log: Path, kill_at: str = NEVER, kill: signal.Signals = signal.SIGKILL
    ) -> Child:
        """Begin the collection in a process that a signal ends or stops at a crossing."""
        return Child("collect-costs", self.parameters, log, kill_at, kill, crossings_at="costs")

    def command(self, **options: Any) -> subprocess.Popen[str]:
        """Begin the collection as a command of the command line."""
        named = [f"--credential={name}" for name in self.parameters["credentials"]]
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "skyclust.cli.main", "cost", "collect", "--local"),
                *(f"--from={self.start}", f"--to={self.end}", *named),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def holds(self) -> dict[str, Any]:
        return holds(self.store, self.start, self.end)

    def repeat(self) -> None:
        """Do what follows a dead run: it counts as crashed, and the collection runs again."""
        mark_crashed()
        let_holders_end(self.store)
        outcome = run_here("collect-costs", self.parameters)
        assert outcome.state_name == "Completed", outcome.message

    def check(self, clean: dict[str, Any], where: str) -> set[str]:
        """Assert that the ledger is whole; return the files that the dead run left, now gone."""
        assert self.holds() == clean, where
        assert_reported_once(self.store, where)
        left = files_without_pointer(self.store)
        collect_after_two_days(self.store)
        grow_old(self.staging)
        assert files_without_pointer(self.store) == set(), where
        assert self.holds() == clean, f"{where}, after the files were removed"
        # The query was the first to put something aside since the folder of the dead run is old.
        assert [*self.staging.glob(f"{PREFIX}*")] == [], where
        return left


def assert_reported_once(store: Store, where: str) -> None:
    """Assert that Prefect has one event of each delivery, and that none waits."""
    EventsWorker.drain_all(timeout=10)
    wanted = sorted(delivery_ids(store))
    assert wanted
    assert waiting_events(store) == 0, where

    def read() -> list[str]:
        query = {"filter": {"event": {"name": ["skyclust.cost.delivered"]}}, "limit": 50}
        found: list[str] = []
        with get_client(sync_client=True) as client:
            page = client.request("POST", "/events/filter", json=query).json()
            while True:
                found += [one["payload"]["delivery_id"] for one in page["events"]]
                if not page["next_page"]:
                    break
                page = client._client.get(page["next_page"]).json()
        return sorted(one for one in found if one in wanted)

    assert eventually(read, lambda found: len(found) >= len(wanted)) == wanted, where


@pytest.fixture(params=["sqlite", "postgresql"])
def collection(
    request: pytest.FixtureRequest,
    prefect_server: PrefectServer,
    migrated_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Collection]:
    """The collection of all five sources; temporary files are in a folder of its own."""
    if request.param == "postgresql":
        monkeypatch.setenv("SKYCLUST_DATABASE_URL", request.getfixturevalue("postgresql_url"))
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", generate_key())
    staging = tmp_path / "temporary"
    staging.mkdir()
    monkeypatch.setenv("TMPDIR", str(staging))
    monkeypatch.setattr(tempfile, "tempdir", str(staging))
    store = open_store()
    sources = [open_source(name, request, store) for name in NAMES]
    end = max(one.end for one in sources)
    start = end - DAYS
    parameters = {
        "credentials": [one.credential for one in sources],
        "price_books": False,
        "start": start.isoformat(),
        "end": end.isoformat(),
    }
    yield Collection(store, staging, start, end, parameters)
    store.dispose()

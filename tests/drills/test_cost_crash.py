"""Crash drill of costs: a collection is killed anywhere, and the next one makes the ledger whole.

The run collects the bills of four clouds by five sources. What is in the ledger at the end is what
one collection without a kill makes, to the row; each delivery is reported once.
"""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.events.worker import EventsWorker

from skyclust.orchestration.runs import run_here
from skyclust.security.keyring import generate_key
from skyclust.store.engine import Store, open_store
from tests.drills.cost_crossings import COMMITTED, KINDS, MOVED, SENT, WRITTEN
from tests.drills.cost_ledgers import (
    collect_after_two_days,
    delivery_ids,
    files_without_pointer,
    forget_costs,
    holds,
    let_holders_end,
    waiting_events,
)
from tests.drills.cost_sources import NAMES, open_source
from tests.drills.dying import Child, crossings_of, mark_crashed
from tests.fixtures.prefect import PrefectServer
from tests.fixtures.sampling import ALL, generator, sampled
from tests.flows.conftest import eventually

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

RANDOM_MOMENTS = 8 if ALL else 3
RANDOM_KINDS = 2
DAYS = timedelta(days=10)
"""Days that a run reads; sources that deliver by month bring the whole month."""

CORE = frozenset({WRITTEN, MOVED, COMMITTED, SENT})


@dataclass(frozen=True)
class Collection:
    """A collection of all sources into one ledger."""

    store: Store
    staging: Path
    start: date
    end: date
    parameters: dict[str, Any]

    def child(self, log: Path, kill_at: str = "never") -> Child:
        return Child("collect-costs", self.parameters, log, kill_at=kill_at, crossings_at="costs")

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
        assert files_without_pointer(self.store) == set(), where
        assert self.holds() == clean, f"{where}, after the files were removed"
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


def chosen(crossings: list[str]) -> list[str]:
    """Return one crossing of each kind of the core and of some others, each at random."""
    moments = generator()
    kinds = sampled(KINDS, CORE.__contains__, RANDOM_KINDS)
    of_kind = {
        kind: [one for one in crossings if one.rpartition(" #")[0] == kind] for kind in kinds
    }
    assert all(of_kind.values()), {kind: len(found) for kind, found in of_kind.items()}
    return [moments.choice(found) for found in of_kind.values()]


@pytest.mark.parametrize("collection", ["sqlite"], indirect=True)
def test_a_collection_killed_between_its_steps(collection: Collection, tmp_path: Path) -> None:
    crossings = crossings_of(
        "collect-costs", collection.parameters, tmp_path / "whole", crossings_at="costs"
    )
    clean = collection.holds()
    assert collection.check(clean, "not killed") == set()
    left: set[str] = set()
    for number, where in enumerate(chosen(crossings)):
        forget_costs(collection.store)
        child = collection.child(tmp_path / f"killed-{number}", where)
        code = child.wait()
        assert code in {0, -signal.SIGKILL}, child.output()
        collection.repeat()
        left |= collection.check(clean, f"killed {where}" if code else f"not killed {where}")
    assert left, "a run that dies between files and pointers leaves files"


@pytest.mark.parametrize("collection", ["postgresql"], indirect=True)
def test_a_collection_killed_at_random_moments(collection: Collection, tmp_path: Path) -> None:
    moments = generator()
    whole = collection.child(tmp_path / "whole")
    began = time.monotonic()
    assert whole.wait() == 0, whole.output()
    at_work = time.monotonic() - began
    clean = collection.holds()
    for number in range(RANDOM_MOMENTS):
        forget_costs(collection.store)
        child = collection.child(tmp_path / f"random-{number}")
        moment = moments.uniform(0, at_work)
        time.sleep(moment)
        child.kill()
        collection.repeat()
        last = child.crossings()[-1:] or "before its first step"
        collection.check(clean, f"killed after {moment:.2f} of {at_work:.2f} s, {last}")

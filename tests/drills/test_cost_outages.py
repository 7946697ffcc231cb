"""A collection whose database, disk or folder fails: nothing half done, and a clear error.

Two collections of the same accounts at once are one more thing that comes between.
"""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from skyclust.orchestration.runs import run_here
from tests.drills.cost_collections import Collection
from tests.drills.cost_crossings import MOVED, STAGED
from tests.drills.cost_ledgers import forget_costs
from tests.fixtures.sampling import sampled

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

LOCKED_SECONDS = 5.0
COMMAND_SECONDS = 400
SPACE = 20_000
"""Bytes that a file may have: fewer than the rows of a bill take."""


def collected(collection: Collection) -> dict[str, object]:
    """Collect without a fault, and return what the ledger holds; then forget it."""
    collection.repeat()
    clean = collection.holds()
    forget_costs(collection.store)
    return clean


def stopped(collection: Collection, log: Path, where: str, meanwhile: Callable[[], None]) -> int:
    """Do something while a collection stands still at a crossing, and return its exit code."""
    child = collection.child(log, where, signal.SIGSTOP)
    child.stopped()
    meanwhile()
    os.kill(child.pid, signal.SIGCONT)
    return child.wait()


def test_two_collections_at_once_leave_what_one_makes(collection: Collection) -> None:
    clean = collected(collection)
    both = [collection.command(), collection.command()]
    for process in both:
        output, _ = process.communicate(timeout=COMMAND_SECONDS)
        assert process.returncode == 0, output
    collection.check(clean, "two at once")


@pytest.mark.parametrize("collection", ["postgresql"], indirect=True)
@pytest.mark.parametrize("where", sampled([STAGED, MOVED], lambda one: one == MOVED, at_random=0))
def test_a_connection_that_is_cut_is_made_again(
    collection: Collection, postgresql_server: str, tmp_path: Path, where: str
) -> None:
    clean = collected(collection)
    database = make_url(os.environ["SKYCLUST_DATABASE_URL"]).database

    def cut() -> None:
        with psycopg.connect(postgresql_server, autocommit=True) as connection:
            ended = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                (database,),
            ).fetchall()
        assert ended

    code = stopped(collection, tmp_path / "cut", f"{where} #2", cut)
    assert code == 0, (tmp_path / "cut.output").read_text()[-2000:]
    collection.check(clean, f"cut {where}")


@pytest.mark.parametrize("collection", ["postgresql"], indirect=True)
def test_a_database_that_is_gone_fails_the_run_and_says_so(
    collection: Collection, postgresql_server: str, tmp_path: Path
) -> None:
    clean = collected(collection)
    database = make_url(os.environ["SKYCLUST_DATABASE_URL"]).database or ""

    def allow(allowed: bool) -> None:
        with psycopg.connect(postgresql_server, autocommit=True) as connection:
            statement = SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
            connection.execute(statement.format(Identifier(database), allowed))
            if not allowed:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    (database,),
                )

    log = tmp_path / "gone"
    try:
        code = stopped(collection, log, f"{MOVED} #2", lambda: allow(False))
    finally:
        allow(True)
    output = log.with_suffix(".output").read_text()
    assert code == 1, output[-2000:]
    assert "The store" in output
    collection.repeat()
    collection.check(clean, "gone in between")


@pytest.mark.parametrize("collection", ["sqlite"], indirect=True)
def test_a_database_that_another_process_locks_is_waited_for(
    collection: Collection, tmp_path: Path
) -> None:
    clean = collected(collection)
    file = make_url(collection.store.url).database

    def lock() -> None:
        other = sqlite3.connect(file or "", isolation_level=None, check_same_thread=False)
        other.execute("BEGIN EXCLUSIVE")
        os.kill(child.pid, signal.SIGCONT)
        time.sleep(LOCKED_SECONDS)
        other.execute("ROLLBACK")
        other.close()

    log = tmp_path / "locked"
    child = collection.child(log, f"{STAGED} #2", signal.SIGSTOP)
    child.stopped()
    lock()
    assert child.wait() == 0, child.output()
    collection.check(clean, "locked in between")


@pytest.mark.parametrize("collection", ["postgresql"], indirect=True)
def test_a_full_disk_fails_the_run_and_says_so(collection: Collection) -> None:
    clean = collected(collection)
    process = collection.command(
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (SPACE, SPACE))
    )
    output, _ = process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode != 0, output
    assert "Unavailable" in output
    assert "TMPDIR" in output
    assert collection.holds()["content"] == {}
    collection.repeat()
    collection.check(clean, "full in between")


@pytest.mark.parametrize("collection", ["sqlite"], indirect=True)
def test_a_folder_that_may_not_be_written_to_fails_the_run_and_says_so(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = collected(collection)
    with monkeypatch.context() as patch:
        # Nobody may make a folder there, the superuser neither.
        patch.setenv("SKYCLUST_COST_LEDGER", "/sys/skyclust")
        outcome = run_here("collect-costs", collection.parameters)
    assert outcome.state_type == "FAILED", outcome.message
    problems = outcome.tables["cost-problems-default"]
    assert {row["error class"] for row in problems} == {"ConfigurationError"}
    assert all("SKYCLUST_COST_LEDGER" in str(row["what to do"]) for row in problems)
    held = collection.holds()
    assert (held["content"], held["heads"], held["coverage"]) == ({}, [], [])
    collection.repeat()
    collection.check(clean, "read-only in between")

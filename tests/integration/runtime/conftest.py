"""Homes of embedded installations: empty, prepared, or running; and a bootstrapped server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fixtures.installation import (
    COMMAND_SECONDS,
    CommandLine,
    processes_of,
    running_installation,
    settle,
)
from tests.fixtures.prefect import PrefectServer
from tests.fixtures.prefect_api import patient_client
from tests.integration.runtime.bootstrapping import bootstrap


@pytest.fixture
def api(prefect_server: PrefectServer, skyclust_home: Path) -> Iterator[httpx.Client]:
    """The API of the shared server, as a person's browser speaks to it, after a bootstrap."""
    bootstrap(reset=True)
    with patient_client(prefect_server) as client:
        yield client
    bootstrap(reset=True)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[CommandLine]:
    """A home folder that is not there yet."""
    command_line = CommandLine(tmp_path / "home")
    yield command_line
    command_line("down")
    assert processes_of(command_line.home) == {}


@pytest.fixture
def skyclust(empty: CommandLine, prefect_database: Path) -> CommandLine:
    """A home folder in which nothing runs yet, and Prefect's database is made already."""
    settle(empty, prefect_database)
    return empty


@pytest.fixture(scope="session")
def prefect_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that a Prefect server makes at its first start.

    Making it takes longer than all else that `skyclust up` does: tests of what comes after
    begin with a copy of this one.
    """
    folder = tmp_path_factory.mktemp("prefect-database")
    database = folder / "prefect.db"
    places = {
        "PREFECT_HOME": str(folder),
        "PREFECT_PROFILES_PATH": str(folder / "profiles.toml"),
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{database}",
    }
    subprocess.run(
        [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"],
        env=CommandLine(folder).environment(**places),
        check=True,
        capture_output=True,
        timeout=COMMAND_SECONDS,
    )
    return database


@pytest.fixture(scope="package")
def installed(
    tmp_path_factory: pytest.TempPathFactory, prefect_database: Path
) -> Iterator[CommandLine]:
    """An installation that runs, shared by the tests that do not stop it."""
    home = tmp_path_factory.mktemp("installed") / "home"
    with running_installation(home, prefect_database) as (command_line, _):
        yield command_line

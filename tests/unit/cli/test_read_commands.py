"""What the commands that only read the store may load: that decides what they cost.

0.7 s of CPU is the aim (docs/how-to/measure.md). Prefect alone takes 2 s to load, a cloud's SDK
up to 6, and psycopg a tenth of what such a command may take.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from skyclust.store.engine import open_store

COMMANDS = (
    "--help",
    "inventory --help",
    "audit list",
    "audit verify",
    "credential list",
    "instance list",
    "instance show nothing",
    "inventory changes",
    "inventory list",
    "inventory scopes",
    "network list",
    "operation list",
    "operation show nothing",
    "workspace list",
)

TOO_HEAVY = (
    "alembic",
    "azure",
    "boto3",
    "google.cloud",
    "httpx",
    "openstack",
    "prefect",
    "psycopg",
    "pydantic_settings",
    "rich.console",
    "skyclust.cli.key",  # a noun of another command
    "sqlalchemy.dialects.postgresql",
)

CLOUDS = ("skyclust.contract", "skyclust.model.catalog")
"""What calls a cloud. Lists do without; to look for an instance may be to look in its cloud, and
the steps of an operation call one."""

MAY_CALL = ("instance show", "operation")

SCRIPT = """
import sys
from skyclust.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("LOADED", *sys.modules)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home folder whose store is there, as it is after the first command."""
    monkeypatch.setenv("SKYCLUST_HOME", str(tmp_path))
    open_store().dispose()
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_read_loads_neither_prefect_nor_a_driver_that_it_does_not_use(
    home: Path, command: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *command.split()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert "skyclust.cli.main" in loaded
    allowed = CLOUDS if command.startswith(MAY_CALL) else ()
    assert loaded & {*TOO_HEAVY, *CLOUDS} - {*allowed} == set()

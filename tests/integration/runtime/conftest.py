"""A whole embedded installation, driven by the command line as people drive it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from skyclust.security import auth_string, keyfile
from skyclust.security.keyring import generate_key
from tests.fixtures.loopback import LOOPBACK
from tests.fixtures.prefect import PrefectServer
from tests.fixtures.prefect_api import ServerAuth, patient_client
from tests.fixtures.sandbox import Sandbox
from tests.integration.runtime.bootstrapping import bootstrap

COMMAND_SECONDS = 240


@dataclass(frozen=True)
class CommandLine:
    """`skyclust` on one home folder; nothing else of the environment reaches it."""

    home: Path

    def environment(self, **changes: str) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PREFECT_", "SKYCLUST_", "AWS_"))
        }
        own = {"SKYCLUST_HOME": str(self.home), "SKYCLUST_ALLOWED_NETWORKS": LOOPBACK}
        return inherited | own | changes

    def start(self, *arguments: str, **changes: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own and return at once."""
        return subprocess.Popen(
            [sys.executable, "-m", "skyclust.cli.main", *arguments],
            env=self.environment(**changes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __call__(
        self, *arguments: str, stdin: str = "", **changes: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "skyclust.cli.main", *arguments],
            env=self.environment(**changes),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def json(self, *arguments: str, stdin: str = "") -> Any:
        """Run a command that ends well and return what it printed."""
        ended = self(*arguments, "--json", stdin=stdin)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def pid(self, part: str) -> int:
        """Return the process id of the server or of the worker."""
        runtime = json.loads((self.home / "runtime.json").read_text())
        return int(runtime[part]["pid"])

    @property
    def api_url(self) -> str:
        return str(json.loads((self.home / "runtime.json").read_text())["api_url"])

    @property
    def auth(self) -> ServerAuth:
        return ServerAuth(self.api_url, auth_string.read(self.home) or "")

    def address(self) -> dict[str, str]:
        """Return the variables by which a program that is not ours finds the server."""
        found = auth_string.read(self.home) or ""
        return {"PREFECT_API_URL": self.api_url, "PREFECT_API_AUTH_STRING": found}

    def add_account(
        self, name: str, sandbox: Sandbox, *, workspace: str = "default", **values: str
    ) -> None:
        account = {
            "access_key_id": sandbox.access_key,
            "secret_access_key": "any",
            "region": "eu-central-1",
            "endpoint": sandbox.endpoint,
        }
        added = self(
            "credential", "add", name, "--provider", "aws", "--from-file", "-", "-w", workspace,
            "--no-verify",
            stdin=json.dumps({key: one for key, one in (account | values).items() if one}),
        )  # fmt: skip
        assert added.returncode == 0, added.stderr


def processes_of(home: Path) -> dict[int, str]:
    """Return every process whose environment or arguments name this folder, or one within it."""
    mark = str(home).encode()
    found: dict[int, str] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            arguments = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes()
            name = (folder / "comm").read_text().strip()
        except OSError:
            continue
        if mark in arguments or b"SKYCLUST_HOME=" + mark in environment:
            line = arguments.replace(b"\0", b" ").decode(errors="replace")
            # A forked flow run has the arguments of its fork server, and a name of its own.
            found[int(folder.name)] = f"{name}: {line}"
    return found


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


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


def settle(command_line: CommandLine, prefect_database: Path) -> None:
    """Make a home folder with a Prefect database and the key of what it will hold."""
    prefect = command_line.home / "prefect"
    prefect.mkdir(mode=0o700, parents=True)
    command_line.home.chmod(0o700)
    keyfile.create(command_line.home / "prefect-encryption.key", generate_key() + "\n")
    shutil.copy(prefect_database, prefect / "prefect.db")
    (prefect / "prefect.db").chmod(0o600)


@pytest.fixture(scope="package")
def installed(
    tmp_path_factory: pytest.TempPathFactory, prefect_database: Path
) -> Iterator[CommandLine]:
    """An installation that runs, shared by the tests that do not stop it."""
    command_line = CommandLine(tmp_path_factory.mktemp("installed") / "home")
    settle(command_line, prefect_database)
    try:
        started = command_line("up", "--detach")
        assert started.returncode == 0, started.stderr
        yield command_line
    finally:
        command_line("down")
    assert processes_of(command_line.home) == {}

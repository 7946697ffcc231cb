"""What an installation writes is for its owner alone, whatever the umask is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from skyclust.embedded.home import named, prepare_home
from skyclust.embedded.processes import end, spawn
from skyclust.embedded.recovery_state import RecoveryState, write_recovery_state
from skyclust.embedded.runtime import Runtime, locked, write_runtime
from skyclust.errors import ConfigurationError
from skyclust.file_modes import close_to_others
from skyclust.store import workspaces
from skyclust.store.engine import open_store


@pytest.fixture
def open_umask() -> Iterator[None]:
    """New files are open to everybody, as on a computer where nobody thought of it."""
    before = os.umask(0)
    yield
    os.umask(before)


def _open_to_others(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): f"{stat.S_IMODE(path.lstat().st_mode):04o}"
        for path in folder.rglob("*")
        if path.lstat().st_mode & 0o077 and not path.is_symlink()
    }


@pytest.mark.usefixtures("open_umask")
def test_the_store_and_its_journals_are_made_private(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/home/skyclust.db")
    with store.writing() as connection:
        workspaces.add(connection, "other")
        names = {path.name for path in (tmp_path / "home").iterdir()}
        opened = _open_to_others(tmp_path)
    store.dispose()

    assert names >= {"skyclust.db", "skyclust.db-wal", "skyclust.db-shm"}
    assert opened == {}


@pytest.mark.usefixtures("open_umask")
def test_the_files_of_an_installation_are_made_private(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert prepare_home(home) == []
    with locked(home):
        write_runtime(home, Runtime(api_url="http://127.0.0.1:1/api"))
    write_recovery_state(home, RecoveryState.now([]))
    process = spawn(
        [sys.executable, "-c", "open('written', 'w'); import os; os.mkdir('made')"],
        environment=os.environ,
        folder=home,
        log=home / "logs" / "any.log",
    )
    os.waitpid(process.pid, 0)
    end(process, grace_seconds=1)

    names = {path.name for path in home.rglob("*")}
    assert names >= {"runtime.json", "runtime.lock", "recovery.json", "written", "made", "any.log"}
    assert _open_to_others(tmp_path) == {}


@pytest.mark.usefixtures("open_umask")
def test_what_an_earlier_version_left_open_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "prefect" / "ui").mkdir(parents=True)
    (home / "logs").mkdir()
    theirs = home / "notes.txt"
    outside = tmp_path / "outside"
    for path in (
        home / "skyclust.db",
        home / "prefect" / "prefect.db",
        home / "prefect" / "ui" / "index.html",
        home / "logs" / "server.log",
        theirs,
        outside,
    ):
        path.touch()
    (home / "logs" / "link").symlink_to(outside)

    closed = prepare_home(home)

    assert _open_to_others(home) == {"notes.txt": "0666"}, "what is not ours is left alone"
    assert home.stat().st_mode & 0o777 == 0o700
    assert stat.S_IMODE(outside.stat().st_mode) == 0o666, "links are not followed"
    assert len(closed) == 8
    assert (
        named(closed, home)
        == f"{home}, skyclust.db, logs (2 files and folders), prefect (4 files and folders)"
    )
    assert prepare_home(home) == []


def test_a_home_for_every_user_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)

    with pytest.raises(ConfigurationError, match="for every user of this machine") as refused:
        prepare_home(shared)

    assert "SKYCLUST_HOME" in str(refused.value)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777


def test_a_file_of_another_user_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "skyclust.db"
    path.touch()
    path.chmod(0o644)

    def refused(self: Path, mode: int) -> None:
        # As the system refuses whoever does not own the file; the tests may run as root.
        raise PermissionError(1, "Operation not permitted", str(self))

    monkeypatch.setattr(Path, "chmod", refused)

    with pytest.raises(ConfigurationError, match="belongs to another") as error:
        close_to_others([path])
    assert f"chmod 600 {path}" in str(error.value)


def test_a_command_writes_private_files(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-m", "skyclust.cli.main", "workspace", "add", "other"],
        env={**os.environ, "SKYCLUST_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        umask=0,
    )

    assert done.returncode == 0, done.stderr
    assert (home / "skyclust.db").exists()
    assert _open_to_others(tmp_path) == {}

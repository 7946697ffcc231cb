"""Another user of the machine can read nothing of an installation, and opens nothing by himself."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.installation import CommandLine

pytestmark = pytest.mark.integration

NOBODY = 65534

# What another user tries: the home, every name that he may know, and what /proc tells.
READ_ALL = """
import os, sys
home, names = sys.argv[1], sys.argv[2].split(os.pathsep)
found = []
try:
    found += os.listdir(home)
except OSError:
    pass
for name in names:
    try:
        found.append(open(os.path.join(home, name), "rb").read(1))
    except OSError:
        pass
print(found)
"""


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that every user of the machine can look into, as home folders often are."""
    folder = Path(tempfile.mkdtemp(prefix="skyclust-others-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _open_to_others(folder: Path) -> list[str]:
    return [
        f"{path.relative_to(folder)} {stat.S_IMODE(path.lstat().st_mode):04o}"
        for path in folder.rglob("*")
        if not path.is_symlink() and path.exists() and path.lstat().st_mode & 0o077
    ]


def _read_by_others(home: Path) -> str:
    """Return what another user gets to see; only root can try."""
    if os.geteuid() != 0:
        return "[]"
    names = [str(path.relative_to(home)) for path in home.rglob("*")]
    # The interpreter of the system: ours may lie where he cannot go.
    interpreter = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin") or sys.executable
    tried = subprocess.run(
        [interpreter, "-c", READ_ALL, str(home), os.pathsep.join(names)],
        user=NOBODY, group=NOBODY, extra_groups=[], cwd="/",
        env={}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return tried.stdout.strip()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_another_user_reads_nothing_of_an_installation(reachable: Path) -> None:
    home = reachable / "home"
    skyclust = CommandLine(home)
    before = os.umask(0)
    try:
        up = skyclust("up", "--detach")
        assert up.returncode == 0, up.stderr
        clouds = skyclust("sandbox", "up", "--cloud", "aws")
        assert clouds.returncode == 0, clouds.stderr
        connected = skyclust("sandbox", "connect")
        assert connected.returncode == 0, connected.stderr
        synced = skyclust("inventory", "sync")
        assert synced.returncode == 0, synced.stderr
        again = skyclust("up", "--detach")

        assert _open_to_others(reachable) == []
        assert _read_by_others(home) == "[]"
        assert "Closed to other users" not in up.stderr + again.stderr
    finally:
        skyclust("sandbox", "down")
        skyclust("down")
        os.umask(before)


def test_every_command_closes_a_home_that_others_can_look_into(reachable: Path) -> None:
    home = reachable / "home"
    home.mkdir()
    home.chmod(0o755)
    skyclust = CommandLine(home)

    first = skyclust("workspace", "list")
    second = skyclust("workspace", "list")

    assert first.returncode == second.returncode == 0
    assert f"Closed to other users of this machine: {home} (0755)" in first.stderr
    assert "Closed" not in second.stderr
    assert _open_to_others(reachable) == []
    assert _read_by_others(home) == "[]"


def test_help_is_there_for_a_home_that_is_refused(reachable: Path) -> None:
    home = reachable / "home"
    home.mkdir()
    home.chmod(0o1777)
    skyclust = CommandLine(home)

    refused = skyclust("workspace", "list")

    assert refused.returncode == 6
    assert "for every user of this machine" in refused.stderr
    assert skyclust("workspace", "list", "--help").returncode == 0
    assert list(home.iterdir()) == []


def test_what_another_user_has_put_into_a_home_is_refused(reachable: Path) -> None:
    """Only root can make a file of another user; whoever is not sees that his own is taken."""
    home = reachable / "home"
    home.mkdir()
    planted = home / "runtime.json"
    planted.write_text('{"api_url": "http://127.0.0.1:1/api"}')
    foreign = os.geteuid() == 0
    if foreign:
        os.chown(planted, NOBODY, NOBODY)
    home.chmod(0o777)

    for _ in range(2):  # closing the home does not make it trustworthy
        listed = CommandLine(home)("workspace", "list")
        assert listed.returncode == (6 if foreign else 0), listed.stderr
        assert ("belongs to another user, who could write there" in listed.stderr) == foreign


@pytest.mark.parametrize("name", ["LOGNAME", "USER", "LNAME", "USERNAME"])
def test_nobody_is_somebody_else_in_the_audit_trail(reachable: Path, name: str) -> None:
    """Not by a variable of his environment: the system's own number names who acts."""
    skyclust = CommandLine(reachable / "home")
    program = "from skyclust.orchestration.actor import current_actor; print(current_actor())"
    told = subprocess.run(
        [sys.executable, "-c", program],
        env=skyclust.environment(**{name: "the-boss"}),
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip

    assert told.stdout.strip() == f"user:{os.getuid()}"

"""Whatever a shell does to a command's streams and arguments, it ends with a line and a code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from skyclust.store.engine import open_store

SKYCLUST = [sys.executable, "-m", "skyclust.cli.main"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home folder whose store is there."""
    monkeypatch.setenv("SKYCLUST_HOME", str(tmp_path))
    open_store().dispose()
    return tmp_path


def run(command: str, *arguments: str | bytes) -> subprocess.CompletedProcess[bytes]:
    """Run a line of the shell, in which `"$@"` is skyclust with these arguments."""
    return subprocess.run(
        ["/bin/sh", "-c", command, "sh", *SKYCLUST, *arguments],
        capture_output=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
@pytest.mark.parametrize("arguments", [("inventory", "list"), ("workspace", "list", "--json")])
def test_a_closed_stream_is_no_error(closed: str, arguments: tuple[str, ...]) -> None:
    done = run(f'"$@" {closed}', *arguments)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize("format", [[], ["--json"], ["--csv"]])
def test_a_full_disk_is_one_error_line(format: list[str]) -> None:  # noqa: A002
    done = run('"$@" > /dev/full', "workspace", "list", *format)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "Error: The output could not be written: No space left on device."
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["inventory", "list", "--limit", "9" * 23], 0, "Resources: none."),
        (["inventory", "list", "--as-of", "0001-01-01T00:00+14:00"], 2, "is no time in UTC"),
        (["inventory", "changes", "--since", "0001-01-01T00:00+14:00"], 2, "is no time in UTC"),
        (["instance", "list", "--tag", b"k=\xff"], 2, "is no text in the encoding"),
        (["instance", "show", b"\xff"], 2, "is no text in the encoding"),
        (["inventory", "list", "--sort", ""], 2, "--sort names no column"),
        (["inventory", "list", "--columns", "name,,state"], 2, "a name that is empty"),
        (["inventory", "changes", "--run", "zzzz"], 4, "No flow run whose id begins with 'zzzz'"),
        (["inventory", "changes", "--run", "7"], 2, "too short for the id of a flow run"),
    ],
)
def test_odd_arguments_are_refused_in_a_sentence(
    arguments: list[str | bytes], code: int, said: str
) -> None:
    done = run('"$@"', *arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr.decode()
    assert b"Traceback" not in done.stderr

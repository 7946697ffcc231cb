"""Temporary files of processes that died are removed, and those of others are not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from skyclust.costs.ledger.staging_folders import LOCKED_WITHIN, PREFIX, staging_folder

HELD = """
import sys
from skyclust.costs.ledger.staging_folders import staging_folder
with staging_folder() as folder:
    (folder / "rows").write_text("a bill")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(temporary: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that stages something, and its folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HELD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def grow_old(folder: Path) -> None:
    moment = time.time() - LOCKED_WITHIN - 1
    os.utime(folder, (moment, moment))


def test_the_rows_of_a_process_that_died_are_removed_and_those_of_a_living_one_are_not(
    temporary: Path, holder: tuple[subprocess.Popen[str], Path]
) -> None:
    process, held = holder
    assert held.parent == temporary
    grow_old(held)
    with staging_folder():
        assert (held / "rows").exists()
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    with staging_folder() as own:
        assert not held.exists()
        grow_old(own)
        with staging_folder():
            assert own.exists()
    assert [*temporary.iterdir()] == []


def test_only_folders_of_its_own_that_are_old_are_removed(temporary: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    (temporary / f"{PREFIX}new").mkdir()
    (temporary / "other").mkdir()
    for folder in (elsewhere, temporary / "other"):
        grow_old(folder)
    with staging_folder():
        pass
    assert elsewhere.exists()
    assert {path.name for path in temporary.iterdir()} == {
        f"{PREFIX}link",
        f"{PREFIX}new",
        "other",
    }

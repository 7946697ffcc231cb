"""Private folders for staged files: each is locked by its process, and the dead leave none.

A process that is killed cannot remove its folder, which holds the rows of a whole bill. Its lock
ends with it, so that the next staging on this computer knows the folder as abandoned
(https://man7.org/linux/man-pages/man2/flock.2.html).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from skyclust.costs.file_errors import temporary_file_errors

PREFIX: Final = "skyclust-costs-"

LOCKED_WITHIN: Final = 60.0
"""Seconds from the making of a folder after which its process has surely locked it."""


@contextmanager
def staging_folder() -> Iterator[Path]:
    """Make a private folder for staged files and temporary files of DuckDB, and remove it.

    Folders of processes that died are removed too. Raises Unavailable, or ConfigurationError, when
    it cannot be made.
    """
    with temporary_file_errors():
        _remove_abandoned()
        folder = tempfile.TemporaryDirectory(prefix=PREFIX)
    with folder as name, ExitStack() as stack:
        # Where a file system has no locks, no other process can lock it and remove it either.
        with suppress(OSError):
            stack.enter_context(_locked(name))
        yield Path(name)


def _remove_abandoned() -> None:
    """Remove the folders that nobody locks; what cannot be removed is left to the next staging."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > LOCKED_WITHIN:
                with _locked(folder):
                    shutil.rmtree(folder)


@contextmanager
def _locked(folder: str | Path) -> Iterator[None]:
    """Lock a folder, or raise BlockingIOError when another one has locked it."""
    # A link that somebody made in a folder of temporary files is not followed.
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(opened)

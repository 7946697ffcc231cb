"""Files that only their owner may read: the modes of all that an installation writes.

New files get their mode from the umask of the process, and where one is opened here, from
`owner_only`, whatever the umask is. Files that an earlier version left open to others are closed
by `close_to_others`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from skyclust.errors import ConfigurationError

UMASK: Final = 0o077
"""What a process of an installation takes away from the mode of each new file."""

OTHERS: Final = 0o077
FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700


def owner_only(path: str, flags: int) -> int:
    """Open a file, made with mode 0600 where it does not exist; for the `opener` of `open`."""
    return os.open(path, flags | os.O_CLOEXEC, FILE_MODE)


def create_private(path: Path) -> None:
    """Make an empty file with mode 0600, unless there is one of this name.

    SQLite gives its journals the mode of the database file (https://www.sqlite.org/src/file/src/os_unix.c,
    findCreateFileMode), so this settles theirs too.
    """
    with suppress(FileExistsError):
        os.close(owner_only(str(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL))


def keep_files_private() -> None:
    """Let all that this process and its children write from now on be for their owner alone."""
    os.umask(UMASK)


def replace_private(path: Path, text: str) -> None:
    """Put a text in the place of a file, with mode 0600.

    A reader sees the old content or the new one, never a mixture.
    """
    draft = path.with_suffix(f".{os.getpid()}")
    with open(draft, "w", encoding="utf-8", opener=owner_only) as written:
        written.write(text)
    draft.replace(path)


def make_private_folder(folder: Path) -> int | None:
    """Make a folder with mode 0700, or close an existing one to other users.

    Returns the mode of one that was open to others, None for any other. Raises ConfigurationError
    for a folder that is meant for everybody, such as /tmp, and for one of another user.
    """
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    return close_folder(folder)


def close_folder(folder: Path) -> int | None:
    """Close an existing folder to other users; returns and raises as `make_private_folder` does.

    One that holds something of another user is refused, for as long as it does: others may have
    put there what a command would trust, while they could write to it.
    """
    found = folder.stat()
    if not found.st_mode & OTHERS:
        _refuse_foreign(folder, found.st_uid)
        return None
    if found.st_mode & stat.S_ISVTX:
        raise ConfigurationError(
            f"{folder} is a folder for every user of this machine"
            f" (mode {stat.S_IMODE(found.st_mode):04o}).",
            hint="Choose a folder of its own, for example SKYCLUST_HOME=~/.skyclust.",
        )
    _close(folder, FOLDER_MODE)
    _refuse_foreign(folder, found.st_uid)
    return stat.S_IMODE(found.st_mode)


def close_to_others(paths: Iterable[Path]) -> list[Path]:
    """Close these files and folders, and all within the folders, to other users.

    Returns those that were open. Links are left alone, and so is what is gone by now. Raises
    ConfigurationError for one of another user.
    """
    closed: list[Path] = []
    for path in _each(paths):
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        if stat.S_ISLNK(found.st_mode) or not found.st_mode & OTHERS:
            continue
        with suppress(FileNotFoundError):
            _close(path, FOLDER_MODE if stat.S_ISDIR(found.st_mode) else FILE_MODE)
            closed.append(path)
    return closed


def _refuse_foreign(folder: Path, owner: int) -> None:
    """Raise ConfigurationError when something in a folder is neither the owner's nor root's."""
    foreign = sorted(
        entry.name
        for entry in os.scandir(folder)
        if entry.stat(follow_symlinks=False).st_uid not in {owner, 0}
    )
    if foreign:
        raise ConfigurationError(
            f"{foreign[0]!r} in {folder} belongs to another user, who could write there.",
            hint="Look at what it is, and remove it: a command might trust it.",
        )


def _each(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield path
        if path.is_dir() and not path.is_symlink():
            for folder, folders, files in os.walk(path):
                yield from (Path(folder, name) for name in [*folders, *files])


def _close(path: Path, mode: int) -> None:
    try:
        path.chmod(mode)
    except PermissionError as error:
        raise ConfigurationError(
            f"{path} is open to other users and belongs to another one.",
            hint=f"As its owner, run: chmod {mode:o} {path}",
        ) from error

"""The key file of an embedded installation: read, created and replaced safely."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from skyclust.errors import ConfigurationError

FILE_NAME: Final = "encryption.key"
OWNER_ONLY: Final = 0o600


def path_in(home: Path) -> Path:
    """Return the path of a home folder's key file."""
    return home / FILE_NAME


def read_own(path: Path) -> str | None:
    """Return the content of a home folder's key file, None if it does not exist.

    Raises ConfigurationError when anyone but the owner may read or write it.
    """
    content = read_private(
        path,
        if_open=f"Run: chmod 600 {path}. If others may have read it, rotate the key after:"
        " skyclust key rotate",
    )
    return None if content is None else _decoded(content, path)


def read_private(path: Path, *, if_open: str, what: str = "The key file") -> bytes | None:
    """Return the content of a file that only its owner may read, None if it does not exist.

    Raises ConfigurationError when it cannot be read, and with the hint `if_open` when anyone
    but the owner may read or write it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error, what) from error
    with os.fdopen(descriptor, "rb") as file:
        # The mode of the open file: the name may point to another file by now.
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        if mode & 0o077:
            raise ConfigurationError(
                f"{what} {path} is open to other users (mode {mode:04o}).", hint=if_open
            )
        return file.read()


def read_mounted(path: Path) -> str:
    """Return the content of a key file that an operator or an orchestrator placed.

    Its mode is theirs: Docker and Kubernetes mount secrets readable by every user of a
    container. Raises ConfigurationError when it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    return _decoded(content, path)


def create(path: Path, text: str) -> bool:
    """Create a key file if it does not exist, and return whether this call created it.

    A crash in the middle leaves no half key: the file gets its name when it is complete.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = _draft(path, text)
    try:
        # link() fails on an existing name, as O_EXCL does; rename() would replace it.
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    _sync_folder(path.parent)
    return True


def replace(path: Path, text: str) -> None:
    """Replace the content; a reader sees the old or the new content, never a mixture."""
    _draft(path, text).replace(path)
    _sync_folder(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock a key file for changes; another process waits until the block ends."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(
        path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY
    )
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    return draft


def _sync_folder(folder: Path) -> None:
    # A new name survives a power cut only when its folder is synced too (fsync(2)).
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unreadable(path: Path, error: OSError, what: str = "The key file") -> ConfigurationError:
    return ConfigurationError(
        f"{what} {path} cannot be read: {error.strerror}.",
        hint="Check its path, its owner and its mode.",
    )


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode("ascii")
    except UnicodeDecodeError:
        # Without its cause, which has the bytes of the file.
        raise ConfigurationError(
            f"The key file {path} does not hold base64 text.",
            hint="Keys are written as text, separated by commas: skyclust key generate",
        ) from None

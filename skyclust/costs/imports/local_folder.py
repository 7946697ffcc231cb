"""A folder of this computer as an object store; nothing outside the folder is listed or opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from skyclust.errors import Conflict, InvalidRequest, NotFound, PermissionDenied, SkyClustError
from skyclust.providerkit.object_store import StoredObject

_SUFFIXES: Final = (".json", ".csv", ".gz", ".gzip", ".parquet")


class LocalFolder:
    """The data files and manifests below a folder, by their paths in it; hidden ones are left out.

    A link that leads out of the folder is refused, a folder that is a link is not entered. A
    file's ETag is made of its size and times: a file that was written anew has another one.
    """

    keeps_times = False

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self.place = str(self._root)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield the data files and manifests whose path begins with `prefix`, sorted by path.

        Raises NotFound without the folder, PermissionDenied for a folder that cannot be read, and
        InvalidRequest for a link that leads out of it.
        """
        if not self._root.is_dir():
            raise NotFound(f"There is no folder {self._root}.", hint="Check the path.")
        names = sorted(name for name in self._names() if name.startswith(prefix))
        for name in names:
            status = self._inside(name).stat()
            if stat.S_ISREG(status.st_mode):
                yield _stored(name, status)

    @contextmanager
    def open(self, item: StoredObject) -> Iterator[BinaryIO]:
        """Open a listed file; raises NotFound where it is gone, Conflict where it was changed."""
        path = self._inside(item.name)
        try:
            # Without waiting: a pipe may have taken the file's place.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            raise _as_tree_error(error, path) from error
        with os.fdopen(descriptor, "rb") as stream:
            if _stored(item.name, os.fstat(descriptor)) != item:
                raise Conflict(
                    f"{path} was changed while it was imported.",
                    hint="Import again when the file is complete.",
                )
            yield stream

    def _names(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self._root, onerror=_refuse_unreadable):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in folders:
                if os.path.islink(path := os.path.join(folder, name)):
                    self._inside(os.path.relpath(path, self._root))
            for name in files:
                if name.lower().endswith(_SUFFIXES) and not name.startswith("."):
                    yield Path(folder, name).relative_to(self._root).as_posix()

    def _inside(self, name: str) -> Path:
        """Return the path that a name leads to; it is in the folder, wherever its links lead."""
        try:
            path = (self._root / name).resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise NotFound(f"{self._root / name} cannot be opened: {error}.") from error
        if not path.is_relative_to(self._root):
            raise InvalidRequest(
                f"{self._root / name} is a link that leads out of the folder.",
                hint="Copy the file into the folder; links that leave it are not followed.",
            )
        return path


def _stored(name: str, status: os.stat_result) -> StoredObject:
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    # The time of the last change of its state cannot be set by a program, as the other can.
    etag = f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}"
    return StoredObject(name, status.st_size, modified, etag)


def _refuse_unreadable(error: OSError) -> None:
    raise _as_tree_error(error, Path(str(error.filename)))


def _as_tree_error(error: OSError, path: Path) -> SkyClustError:
    if isinstance(error, PermissionError):
        return PermissionDenied(f"{path} may not be read.", hint="Allow this user to read it.")
    return NotFound(f"{path} cannot be opened: {error.strerror}.", hint="Check the path.")

"""The root of the ledger: a folder, or a prefix of an S3 bucket, with immutable files.

A file is there whole or not at all, and it has survived a power failure before its name is used
anywhere. Both kinds of root are one pyarrow filesystem
(https://arrow.apache.org/docs/python/filesystems.html); only writing differs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import uuid4

from pyarrow import fs

from skyclust.costs.file_errors import file_error
from skyclust.errors import ConfigurationError, Conflict
from skyclust.file_modes import FOLDER_MODE, owner_only
from skyclust.settings import load_settings
from skyclust.store.transactions import refuse_inside_write

_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class StoredFile:
    """A file below the root: its name, when it was written, and its bytes."""

    name: str
    written_at: datetime
    size: int


class LedgerRoot:
    """Where the files of the ledger are. Names are relative, with `/` between their parts."""

    def __init__(self, filesystem: Any, base: str, folder: Path | None) -> None:
        self.filesystem = filesystem
        self._base = base.rstrip("/")
        self._folder = folder

    def path(self, name: str) -> str:
        """Return the path of a file within the pyarrow filesystem."""
        return f"{self._base}/{name}"

    def local_path(self, name: str) -> Path | None:
        """Return the path of a file on this computer, None for a root in S3."""
        return None if self._folder is None else self._folder / name

    def put(self, source: Path, name: str) -> None:
        """Copy a local file to a new name, whole and synced to the disk.

        Raises Unavailable when the disk is full or does not answer, ConfigurationError when the
        folder may not be written to.
        """
        refuse_inside_write("Writing a file of the cost ledger")
        with _mapped_errors(f"The file {self.path(name)} of the cost ledger cannot be written"):
            target = self.local_path(name)
            if target is not None:
                _put_local(source, target)
                return
            with (
                open(source, "rb") as read,
                self.filesystem.open_output_stream(self.path(name)) as written,
            ):
                shutil.copyfileobj(read, written, _CHUNK)

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a file for reading. Raises Conflict for one that was removed, or Unavailable."""
        refuse_inside_write("Reading a file of the cost ledger")
        with (
            _mapped_errors(f"The file {name} of the cost ledger cannot be read"),
            self.filesystem.open_input_file(self.path(name)) as read,
        ):
            yield read

    def sizes(self, names: Sequence[str]) -> list[int | None]:
        """Return the bytes of each file, None for one that does not exist."""
        refuse_inside_write("Looking for files of the cost ledger")
        with _mapped_errors("The files of the cost ledger cannot be listed"):
            infos = self.filesystem.get_file_info([self.path(name) for name in names])
        return [info.size if info.type == fs.FileType.File else None for info in infos]

    def missing(self, names: Sequence[str]) -> list[str]:
        """Return those of the files that do not exist."""
        return [name for name, size in zip(names, self.sizes(names), strict=True) if size is None]

    def delete(self, name: str) -> None:
        """Remove a file; one that does not exist is removed already."""
        refuse_inside_write("Removing a file of the cost ledger")
        with _mapped_errors(f"The file {name} of the cost ledger cannot be removed"):
            if not self.missing([name]):
                self.filesystem.delete_file(self.path(name))

    def list(self, prefix: str) -> list[StoredFile]:
        """Return every file below a folder, drafts of writers that died too, sorted by name."""
        refuse_inside_write("Listing the files of the cost ledger")
        selector = fs.FileSelector(self.path(prefix), recursive=True, allow_not_found=True)
        with _mapped_errors("The files of the cost ledger cannot be listed"):
            infos = self.filesystem.get_file_info(selector)
        files = [
            StoredFile(info.path[len(self._base) + 1 :], info.mtime.astimezone(UTC), info.size)
            for info in infos
            if info.type == fs.FileType.File
        ]
        return sorted(files, key=lambda file: file.name)


def open_root(location: str | None = None) -> LedgerRoot:
    """Return the root at a location, by default that of SKYCLUST_COST_LEDGER.

    A location is the path of a folder, which is made when something is put there, or a URI of
    pyarrow for S3 (`s3://bucket/prefix`, with `?endpoint_override=` for other servers). It is the
    operator's. Raises ConfigurationError for any other scheme.
    """
    settings = load_settings()
    where = settings.cost_ledger if location is None else location
    if "://" not in where:
        folder = (Path(where).expanduser() if where else settings.home / "costs").absolute()
        return LedgerRoot(fs.LocalFileSystem(), str(folder), folder)
    if not where.startswith("s3://"):
        raise ConfigurationError(
            f"The cost ledger cannot be at {where.split('://', 1)[0]}://.",
            hint="Set SKYCLUST_COST_LEDGER to a folder or to s3://bucket/prefix.",
        )
    try:
        filesystem, base = fs.FileSystem.from_uri(where)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            "The address of the cost ledger cannot be read.",
            hint="Set SKYCLUST_COST_LEDGER like s3://bucket/prefix.",
        ) from error
    return LedgerRoot(filesystem, base, None)


def _put_local(source: Path, target: Path) -> None:
    """Write a draft beside the target and rename it; files and folders are synced."""
    _make_synced(target.parent)
    draft = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        with open(source, "rb") as read, open(draft, "wb", opener=owner_only) as written:
            shutil.copyfileobj(read, written, _CHUNK)
            written.flush()
            os.fsync(written.fileno())
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _make_synced(folder: Path) -> None:
    """Make a folder and those above it, so that each is in its synced parent."""
    if folder.is_dir():
        return
    _make_synced(folder.parent)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def _mapped_errors(what: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise missing_file(what) from error
    except OSError as error:
        hint = (
            "Check the space and the mode of the folder or bucket that SKYCLUST_COST_LEDGER names."
        )
        raise file_error(what, error, hint) from error


def missing_file(what: str) -> Conflict:
    """Return the error of a reader whose file was collected after it had looked it up."""
    return Conflict(f"{what}: it does not exist.", hint="Repeat the command: it may be replaced.")

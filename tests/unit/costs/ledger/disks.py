"""A disk without space, by the kernel's limit of the size of files."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skyclust.costs.ledger.storage import LedgerRoot

SPACE = 1000
"""Bytes that a file may have: fewer than any slice has."""


@contextmanager
def full_disk() -> Iterator[None]:
    """Let every write past the first bytes of a file of this process fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SPACE, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class FullRoot(LedgerRoot):
    """A root on a disk that is full after so many files."""

    def __init__(self, root: LedgerRoot, files: int) -> None:
        super().__init__(root.filesystem, root.path("").rstrip("/"), root.local_path(""))
        self._left = files

    def put(self, source: Path, name: str) -> None:
        """Write a file while there is space."""
        self._left -= 1
        if self._left >= 0:
            super().put(source, name)
            return
        with full_disk():
            super().put(source, name)

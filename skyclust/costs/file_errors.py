"""Errors of the disks that costs are written to, as errors of the tree."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from skyclust.errors import ConfigurationError, SkyClustError, Unavailable

_NOT_WRITABLE: Final = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ELOOP}
)
"""No further attempt succeeds until someone changes a folder, its mode, or the setting that names
it (https://man7.org/linux/man-pages/man3/errno.3.html)."""

NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""The disk is full, or a quota or limit of this process or user is reached."""

_TEMPORARY_HINT: Final = (
    "Nothing was changed. Check the folder's space and mode; TMPDIR names another one."
)


def file_error(what: str, error: OSError, hint: str) -> SkyClustError:
    """Return ConfigurationError for a folder that may not be written to, else Unavailable.

    `what` says what could not be done, and `hint` where. A full disk may have space later.
    """
    kind = ConfigurationError if error.errno in _NOT_WRITABLE else Unavailable
    return kind(f"{what}: {error.strerror or error}.", hint=hint)


@contextmanager
def temporary_file_errors() -> Iterator[None]:
    """Raise `file_error` for an OSError: within, only temporary files are written and read."""
    try:
        yield
    except OSError as error:
        raise file_error(_not_put_aside(), error, _TEMPORARY_HINT) from error


def temporary_space_error(reason: str) -> Unavailable:
    """Return the error of temporary files that a library cannot write, and why, in its words."""
    return Unavailable(f"{_not_put_aside()}: {reason.rstrip('.')}.", hint=_TEMPORARY_HINT)


def _not_put_aside() -> str:
    try:
        folder = tempfile.gettempdir()
    except OSError:  # no folder can be written to: the error itself names them
        folder = "of this process"
    return f"Costs cannot be put aside in the folder of temporary files {folder}"

"""Exit codes: what the command's end tells the shell (docs/reference/cli.md lists them)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from skyclust.errors import (
    AuthenticationFailed,
    BrakeEngaged,
    ConfigurationError,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    SkyClustError,
    Unavailable,
)


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    USAGE = 2  # also what Typer itself ends with on a wrong command line
    PARTIAL = 3
    NOT_FOUND = 4
    REFUSED = 5
    CONFIGURATION = 6
    UNREACHABLE = 7
    STILL_AT_WORK = 124  # what timeout(1) of the GNU core utilities ends with
    INTERRUPTED = 130  # 128 + SIGINT, as shells have it


_BY_CLASS: Final[tuple[tuple[type[SkyClustError], ExitCode], ...]] = (
    (InvalidRequest, ExitCode.USAGE),
    (NotFound, ExitCode.NOT_FOUND),
    (AuthenticationFailed, ExitCode.REFUSED),
    (PermissionDenied, ExitCode.REFUSED),
    (BrakeEngaged, ExitCode.REFUSED),
    (ConfigurationError, ExitCode.CONFIGURATION),
    (Unavailable, ExitCode.UNREACHABLE),
)


def exit_code(error: SkyClustError) -> ExitCode:
    """Return the exit code of an error of the tree; FAILED when it has none of its own.

    USAGE is for what was typed here: a request that a cloud refuses has FAILED.
    """
    if isinstance(error, InvalidRequest) and error.provider:
        return ExitCode.FAILED
    for kind, code in _BY_CLASS:
        if isinstance(error, kind):
            return code
    return ExitCode.FAILED

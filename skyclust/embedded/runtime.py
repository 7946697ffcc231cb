"""What runs in a home folder: written to `runtime.json` there, for any process to read."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from skyclust.embedded.processes import Process
from skyclust.errors import ConfigurationError
from skyclust.file_modes import owner_only, replace_private

STATE_FILE: Final = "runtime.json"
LOCK_FILE: Final = "runtime.lock"


class Runtime(BaseModel):
    """The installation as it was started last; `server` is None when it is somebody else's.

    `auth` is the fingerprint of the auth string that its processes have; None when they have none
    of ours.
    """

    model_config = ConfigDict(frozen=True)

    api_url: str
    server: Process | None = None
    worker: Process | None = None
    recovery: Process | None = None
    auth: str | None = None

    @property
    def ui_url(self) -> str:
        """Return the address that people open in a browser."""
        return self.api_url.removesuffix("/api")

    @property
    def processes(self) -> dict[str, Process]:
        """Return the processes by their name; each needs those before it."""
        parts = {"server": self.server, "worker": self.worker, "recovery": self.recovery}
        return {name: process for name, process in parts.items() if process is not None}


def read_runtime(home: Path) -> Runtime | None:
    """Return what was started last in this home; None when nothing is to be running."""
    path = home / STATE_FILE
    try:
        return Runtime.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise ConfigurationError(
            f"{path} cannot be read as the state of the embedded installation.",
            hint="End the processes it names by hand, then remove it.",
        ) from error


def write_runtime(home: Path, runtime: Runtime) -> None:
    """Keep what runs; a reader sees the old state or the new one, never a mixture."""
    replace_private(home / STATE_FILE, runtime.model_dump_json(indent=2) + "\n")


def forget_runtime(home: Path) -> None:
    """Note that nothing is to be running."""
    (home / STATE_FILE).unlink(missing_ok=True)


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Let one process at a time start or stop the installation of a home folder.

    Raises ConfigurationError for a home folder that cannot be written.
    """
    path = home / LOCK_FILE
    try:
        lock = open(path, "w", opener=owner_only)  # noqa: SIM115  # closed by the `with` below
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}.",
            hint="Make the home folder writable, or set SKYCLUST_HOME to one that is.",
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

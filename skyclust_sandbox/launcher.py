"""Start the process of a sandbox cloud, and wait until it serves its endpoint."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from skyclust.errors import ConfigurationError, Timeout
from skyclust.file_modes import FOLDER_MODE, owner_only

START_SECONDS: Final = 60.0


@dataclass(frozen=True)
class StartedProcess:
    """A process that was started and may not be ready yet."""

    cloud: str
    pid: int
    nonce: str
    log: Path
    log_offset: int


def start_process(cloud: str, module: str, options: Sequence[str], logs: Path) -> StartedProcess:
    """Start a cloud's module in a new session, with its log in the folder `logs`."""
    log = logs / f"sandbox-{cloud}.log"
    log.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    nonce = secrets.token_hex(16)
    log_offset, pid = _spawn([sys.executable, "-m", module, "--nonce", nonce, *options], log)
    return StartedProcess(cloud, pid, nonce, log, log_offset)


def await_ready(process: StartedProcess) -> str:
    """Return the endpoint that a process prints when it is ready.

    Raises ConfigurationError when the process ends, and Timeout when it is not ready after a
    minute.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        endpoint = _announced_endpoint(process)
        if endpoint is not None:
            return endpoint
        if _has_ended(process.pid):
            raise ConfigurationError(
                f"Sandbox {process.cloud} ended at its start: {_last_line(process)}",
                hint=f"Its log is {process.log}. Is it installed? pip install 'skyclust[sandbox]'",
            )
        time.sleep(0.05)
    raise Timeout(
        f"Sandbox {process.cloud} was not ready after {START_SECONDS:.0f} s;"
        f" its log is {process.log}."
    )


def kill_process(process: StartedProcess) -> None:
    """Kill a process whose start failed."""
    with suppress(ChildProcessError):  # it has ended already, and its pid may be in use again
        if not _has_ended(process.pid):
            os.kill(process.pid, signal.SIGKILL)
            os.waitpid(process.pid, 0)


def _spawn(command: list[str], log: Path) -> tuple[int, int]:
    """Start a process in a new session.

    Returns the offset of its output in the log, and its pid.
    """
    with open(log, "ab", opener=owner_only) as output:
        offset = output.tell()
        pid = os.posix_spawn(
            command[0],
            command,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, output.fileno(), 2),
            ],
            setsid=True,
        )
    return offset, pid


def _announced_endpoint(process: StartedProcess) -> str | None:
    for line in _lines(process):
        if line.startswith("{") and process.nonce in line and line.endswith("\n"):
            return str(json.loads(line)["endpoint"])
    return None


def _last_line(process: StartedProcess) -> str:
    return next((line.strip() for line in reversed(_lines(process)) if line.strip()), "")


def _lines(process: StartedProcess) -> list[str]:
    with process.log.open("rb") as log:
        log.seek(process.log_offset)
        return log.read().decode(errors="replace").splitlines(keepends=True)


def _has_ended(child: int) -> bool:
    return os.waitpid(child, os.WNOHANG)[0] == child

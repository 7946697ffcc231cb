"""Starts the process of a sandbox cloud, and waits until it says where it answers."""

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
class Start:
    """A process that was started and may not have said yet that it is ready."""

    cloud: str
    pid: int
    nonce: str
    log: Path
    log_begin: int


def begin(cloud: str, module: str, options: Sequence[str], logs: Path) -> Start:
    """Start a cloud's module in a session of its own, writing to its log in this folder."""
    log = logs / f"sandbox-{cloud}.log"
    log.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    nonce = secrets.token_hex(16)
    log_begin, pid = _spawn([sys.executable, "-m", module, "--nonce", nonce, *options], log)
    return Start(cloud, pid, nonce, log, log_begin)


def await_ready(start: Start) -> str:
    """Return the endpoint of a process once it answers there.

    Raises ConfigurationError when the process ends, and Timeout when it is not ready after a
    minute.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        endpoint = _announced_endpoint(start)
        if endpoint is not None:
            return endpoint
        if _has_ended(start.pid):
            raise ConfigurationError(
                f"Sandbox {start.cloud} ended at its start: {_last_line(start)}",
                hint=f"Its log is {start.log}. Is it installed? pip install 'skyclust[sandbox]'",
            )
        time.sleep(0.05)
    raise Timeout(
        f"Sandbox {start.cloud} was not ready after {START_SECONDS:.0f} s; its log is {start.log}."
    )


def abandon(start: Start) -> None:
    """End a process that nobody is to know of."""
    with suppress(ChildProcessError):  # it had ended already, and its pid may be another's
        if not _has_ended(start.pid):
            os.kill(start.pid, signal.SIGKILL)
            os.waitpid(start.pid, 0)


def _spawn(command: list[str], log: Path) -> tuple[int, int]:
    """Start a process in a session of its own; returns where its log begins, and its pid."""
    with open(log, "ab", opener=owner_only) as output:
        begin = output.tell()
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
    return begin, pid


def _announced_endpoint(start: Start) -> str | None:
    for line in _lines(start):
        if line.startswith("{") and start.nonce in line and line.endswith("\n"):
            return str(json.loads(line)["endpoint"])
    return None


def _last_line(start: Start) -> str:
    return next((line.strip() for line in reversed(_lines(start)) if line.strip()), "")


def _lines(start: Start) -> list[str]:
    with start.log.open("rb") as written:
        written.seek(start.log_begin)
        return written.read().decode(errors="replace").splitlines(keepends=True)


def _has_ended(child: int) -> bool:
    return os.waitpid(child, os.WNOHANG)[0] == child

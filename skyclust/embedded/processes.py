"""Starting and ending processes that outlive the process that started them.

A process is identified by its id and its start time: a pid that the system has given to
something else in the meantime is never taken for ours, and never signalled.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from skyclust.file_modes import UMASK, owner_only

_PROC: Final = Path("/proc")
_POLL_SECONDS: Final = 0.1

# Python warns of a Popen object that is collected while its process runs; ours are meant to.
_started: Final[list[subprocess.Popen[bytes]]] = []


class Process(BaseModel):
    """One process: `started` is the system's own mark of its start, opaque to us."""

    model_config = ConfigDict(frozen=True)

    pid: int
    started: str
    log: Path


def spawn(
    command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path
) -> Process:
    """Start a command in a session of its own, its output appended to the log.

    Neither Ctrl-C in the terminal nor the end of the caller reaches it. What it writes is for
    its owner alone.
    """
    child = spawn_child(command, environment=environment, folder=folder, log=log)
    return identified(child, log)


def spawn_child(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    log: Path,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a command as `spawn` does, and return it as a child: to write to its stdin."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(log, "ab", opener=owner_only) as output:
        child = subprocess.Popen(  # noqa: S603 - our own commands, never a shell
            list(command),
            env=dict(environment),
            cwd=folder,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=UMASK,
        )
    _started.append(child)
    return child


def identified(child: subprocess.Popen[bytes], log: Path) -> Process:
    """Return a child as a process that any other process knows again."""
    return _identified(child.pid, log)


def is_alive(process: Process) -> bool:
    """Return whether this very process still runs; one that waits to be reaped does not."""
    return bool(process.started) and _start_mark(process.pid) == process.started


def end(process: Process, *, grace_seconds: float) -> bool:
    """End a process and all it started; return whether it was running.

    It gets SIGTERM, and is killed with what is left of its children once the grace period is
    over.
    """
    running = is_alive(process)
    # Read before the parent goes: its children are nobody's afterwards.
    family = [_identified(pid, process.log) for pid in _descendants(process.pid)] if running else []
    if running:
        _signal(process, signal.SIGTERM)
        _wait([process], grace_seconds)
    for one in (process, *family):
        _signal(one, signal.SIGKILL)
    _wait([process, *family], grace_seconds)
    _reap()
    return running


def find(*, argument: str, variable: str, log: Path) -> list[Process]:
    """Return the processes with this argument and this `NAME=VALUE` in their environment.

    Only Linux tells the environment of a process; elsewhere none is found.
    """
    found: list[Process] = []
    for folder in _PROC.glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended, or is another user's
        if argument.encode() in arguments and variable.encode() in variables:
            found.append(_identified(int(folder.name), log))
    return found


def log_tail(log: Path, *, lines: int = 15) -> str:
    """Return the last lines of a log; empty when there is none."""
    try:
        with log.open("rb") as content:
            content.seek(max(0, log.stat().st_size - 16_384))
            text = content.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(line for line in text.splitlines()[-lines:] if line.strip())


def _wait(family: Sequence[Process], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(is_alive(one) for one in family) and time.monotonic() < deadline:
        _reap()
        time.sleep(_POLL_SECONDS)


def _signal(process: Process, number: signal.Signals) -> None:
    if is_alive(process):
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _identified(pid: int, log: Path) -> Process:
    return Process(pid=pid, started=_start_mark(pid) or "", log=log)


def _descendants(pid: int) -> list[int]:
    """Return the ids of all processes that this one started, and those started in turn."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    waiting = [pid]
    while waiting:
        mine = children.get(waiting.pop(), [])
        found += mine
        waiting += mine
    return found


def _parents() -> list[tuple[int, int]]:
    """Return every process of the system with its parent."""
    if not (_PROC / "self" / "stat").exists():
        listed = _ps("-A", "-o", "pid=,ppid=").split()
        return [(int(listed[i]), int(listed[i + 1])) for i in range(0, len(listed) - 1, 2)]
    found: list[tuple[int, int]] = []
    for folder in _PROC.iterdir():
        fields = _stat(int(folder.name)) if folder.name.isdigit() else None
        if fields is not None:
            found.append((int(folder.name), int(fields[1])))
    return found


def _start_mark(pid: int) -> str | None:
    """Return when the process started; None when there is none or it is a zombie."""
    if not (_PROC / "self" / "stat").exists():
        state, _, started = _ps("-p", str(pid), "-o", "stat=,lstart=").strip().partition(" ")
        return None if not started or state.startswith("Z") else started.strip()
    fields = _stat(pid)
    return None if fields is None or fields[0] in {"Z", "X"} else fields[19]


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat from the state (the third) on; proc(5)."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The second field is the name in brackets, and may itself hold blanks and brackets.
    return text.rpartition(")")[2].split()


def _ps(*arguments: str) -> str:
    listed = subprocess.run(  # noqa: S603 - no part of it comes from outside
        ["ps", *arguments],  # noqa: S607 - where ps is differs by system
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return listed.stdout


def _reap() -> None:
    for child in _started:
        child.poll()

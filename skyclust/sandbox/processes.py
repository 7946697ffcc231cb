"""Starts, finds and stops the sandbox clouds of a home folder, each a process of its own.

A cloud outlives the process that started it. `sandbox.json` in the home folder tells which
clouds there are. A process is taken for ours only when the nonce it was started with is on
its command line: a pid that the system has given to something else is never killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from skyclust.errors import ConfigurationError, InvalidRequest, Timeout, Unavailable
from skyclust.sandbox.control_client import call_control
from skyclust.sandbox.seeds import Seed

CLOUDS: Final = {
    "aws": "skyclust.sandbox.aws",
    "azure": "skyclust.sandbox.azure",
    "gcp": "skyclust.sandbox.gcp",
    "openstack": "skyclust.sandbox.openstack",
    "proxmox": "skyclust.sandbox.proxmox",
}
"""The clouds there are, and the module that runs each."""

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0


class SandboxCloud(BaseModel):
    """A sandbox cloud that runs, or ran."""

    model_config = ConfigDict(frozen=True)

    cloud: str
    endpoint: str
    pid: int
    nonce: str
    seed: str


_STATE: Final = TypeAdapter(dict[str, SandboxCloud])


def start_sandbox(
    home: Path,
    *,
    clouds: Sequence[str] = ("aws",),
    seed: str = "estate",
    ports: Mapping[str, int] | None = None,
    options: Sequence[str] = (),
) -> dict[str, SandboxCloud]:
    """Start the clouds that do not run yet and return all that were asked for, ready.

    A cloud that runs is returned as it is, whatever its seed. `ports` fixes the port of a
    cloud; otherwise it takes the one it had last, or a free one when that is taken.
    `options` are given to the cloud's process as they are. Raises InvalidRequest for a cloud
    or seed that there is not, ConfigurationError when a cloud's process ends at its start,
    and Timeout when it is not ready after a minute.
    """
    _refuse_unknown(clouds, seed)
    home.mkdir(parents=True, exist_ok=True)
    with _locked(home):
        known = _read_state(home)
        for cloud in clouds:
            before = known.get(cloud)
            if before is not None and is_running(before):
                continue
            if before is not None:
                _stop(before)  # it may hang without answering
            port = (ports or {}).get(cloud, _free_port_of(before))
            known[cloud] = _start(home, cloud, seed, port, options)
            _write_state(home, known)
        return {cloud: known[cloud] for cloud in clouds}


def stop_sandbox(home: Path) -> dict[str, SandboxCloud]:
    """Stop every cloud of this home and return those that were running.

    The state file stays, so that a cloud comes back at the address it had. Raises Timeout
    when a process does not end.
    """
    if not home.is_dir():
        return {}
    with _locked(home):
        return {cloud: known for cloud, known in _read_state(home).items() if _stop(known)}


def sandbox_status(home: Path) -> dict[str, SandboxCloud]:
    """Return the clouds of this home that run and answer."""
    return {cloud: known for cloud, known in _read_state(home).items() if is_running(known)}


def is_running(known: SandboxCloud) -> bool:
    """Return whether this very process is there and answers at its endpoint."""
    if not _is_ours(known):
        return False
    try:
        health = call_control(known.endpoint, "GET", "health", timeout=5.0)
    except (Unavailable, InvalidRequest):
        return False
    return isinstance(health, dict) and health.get("nonce") == known.nonce


def _refuse_unknown(clouds: Sequence[str], seed: str) -> None:
    for cloud in clouds:
        if cloud not in CLOUDS:
            known = ", ".join(CLOUDS)
            raise InvalidRequest(f"There is no sandbox cloud {cloud!r}.", hint=f"Known: {known}.")
    if seed not in set(Seed):
        known = ", ".join(Seed)
        raise InvalidRequest(f"There is no sandbox seed {seed!r}.", hint=f"Known: {known}.")


def _start(home: Path, cloud: str, seed: str, port: int, options: Sequence[str]) -> SandboxCloud:
    log = home / "logs" / f"sandbox-{cloud}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    nonce = secrets.token_hex(16)
    command = [sys.executable, "-m", CLOUDS[cloud], "--port", str(port), "--seed", seed]
    begin, pid = _spawn([*command, "--nonce", nonce, *options], log)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        endpoint = _announced_endpoint(log, begin, nonce)
        if endpoint is not None:
            return SandboxCloud(cloud=cloud, endpoint=endpoint, pid=pid, nonce=nonce, seed=seed)
        if _has_ended(pid):
            raise ConfigurationError(
                f"Sandbox {cloud} ended at its start: {_last_line(log, begin)}",
                hint=f"Its log is {log}. Is it installed? pip install 'skyclust[sandbox]'",
            )
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise Timeout(f"Sandbox {cloud} was not ready after {START_SECONDS:.0f} s; its log is {log}.")


def _spawn(command: list[str], log: Path) -> tuple[int, int]:
    """Start a process in a session of its own; returns where its log begins, and its pid."""
    with log.open("ab") as output:
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


def _announced_endpoint(log: Path, begin: int, nonce: str) -> str | None:
    for line in _lines(log, begin):
        if line.startswith("{") and nonce in line and line.endswith("\n"):
            return str(json.loads(line)["endpoint"])
    return None


def _last_line(log: Path, begin: int) -> str:
    return next((line.strip() for line in reversed(_lines(log, begin)) if line.strip()), "")


def _lines(log: Path, begin: int) -> list[str]:
    with log.open("rb") as written:
        written.seek(begin)
        return written.read().decode(errors="replace").splitlines(keepends=True)


def _stop(known: SandboxCloud) -> bool:
    """End the process if it is ours and runs; returns whether it did."""
    if not _is_ours(known):
        return False
    os.kill(known.pid, signal.SIGTERM)
    give_up = time.monotonic() + STOP_SECONDS
    while _is_ours(known):
        if time.monotonic() > give_up + STOP_SECONDS:
            raise Timeout(f"Sandbox {known.cloud}, process {known.pid}, does not end.")
        if time.monotonic() > give_up:
            os.kill(known.pid, signal.SIGKILL)
        time.sleep(0.02)
    with suppress(ChildProcessError):
        os.waitpid(known.pid, 0)  # our own child stays a zombie until it is waited for
    return True


def _is_ours(known: SandboxCloud) -> bool:
    return known.nonce in _command_line(known.pid)


def _command_line(pid: int) -> str:
    """Return the arguments of a process; empty when there is none, or it has ended."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
        except OSError:
            return ""
    listed = subprocess.run(  # noqa: S603 - no part of it comes from outside
        ["ps", "-p", str(pid), "-o", "command="],  # noqa: S607 - where ps is differs by system
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return listed.stdout


def _has_ended(child: int) -> bool:
    return os.waitpid(child, os.WNOHANG)[0] == child


def _free_port_of(before: SandboxCloud | None) -> int:
    """Return the port that the cloud had, 0 when there was none or it is taken now."""
    port = urlsplit(before.endpoint).port if before is not None else None
    if port is None:
        return 0
    try:
        with socket.create_server(("127.0.0.1", port)):
            return port
    except OSError:
        return 0


def _read_state(home: Path) -> dict[str, SandboxCloud]:
    path = home / "sandbox.json"
    try:
        return _STATE.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        raise ConfigurationError(
            f"{path} cannot be read as the state of the sandbox.",
            hint="Stop the processes it names by hand, then remove it.",
        ) from error


def _write_state(home: Path, known: Mapping[str, SandboxCloud]) -> None:
    path = home / "sandbox.json"
    written = path.with_suffix(".new")
    written.write_bytes(_STATE.dump_json(dict(known), indent=2))
    written.replace(path)


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Let one process at a time start or stop the clouds of a home."""
    with (home / "sandbox.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

"""Start, find and stop the sandbox clouds of a home folder, each a process of its own.

A cloud outlives the process that started it. `sandbox.json` in the home folder lists the clouds.
A process is signalled only when its nonce is on its command line: a pid that the system has
reused for another process is never killed.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from skyclust.errors import ConfigurationError, InvalidRequest, Timeout, Unavailable
from skyclust.file_modes import FOLDER_MODE, owner_only, replace_private
from skyclust_sandbox.control_client import call_control
from skyclust_sandbox.launcher import StartedProcess, await_ready, kill_process, start_process
from skyclust_sandbox.seeds import Seed

CLOUDS: Final = {
    "aws": "skyclust_sandbox.aws",
    "azure": "skyclust_sandbox.azure",
    "gcp": "skyclust_sandbox.gcp",
    "openstack": "skyclust_sandbox.openstack",
    "proxmox": "skyclust_sandbox.proxmox",
}
"""The module that runs each cloud."""

STOP_SECONDS: Final = 10.0


class SandboxCloud(BaseModel):
    """A sandbox cloud that is running, or was when it was recorded."""

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
    clouds: Sequence[str],
    seed: str = "estate",
    ports: Mapping[str, int] | None = None,
    options: Sequence[str] = (),
) -> dict[str, SandboxCloud]:
    """Start the clouds that do not run yet, in parallel, and return all requested clouds, ready.

    A cloud that runs is returned unchanged, whatever its seed. `ports` sets the port of a cloud;
    otherwise it gets its last port, or a free one when that is in use. `options` are passed to the
    cloud's process. Raises InvalidRequest for an unknown cloud or seed, ConfigurationError when a
    cloud's process ends during its start, and Timeout when it is not ready after a minute.
    """
    _refuse_unknown(clouds, seed)
    home.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    with _locked(home):
        known = _read_state(home)
        starting: dict[str, StartedProcess] = {}
        try:
            for cloud in clouds:
                before = known.get(cloud)
                if before is not None and is_running(before):
                    continue
                if before is not None:
                    _stop(before)  # it may hang without replying
                port = (ports or {}).get(cloud, _free_port_of(before))
                arguments = ["--port", str(port), "--seed", seed, *options]
                starting[cloud] = start_process(cloud, CLOUDS[cloud], arguments, home / "logs")
            for cloud, start in starting.items():
                endpoint = await_ready(start)
                known[cloud] = SandboxCloud(
                    cloud=cloud, endpoint=endpoint, pid=start.pid, nonce=start.nonce, seed=seed
                )
        except BaseException:
            for start in starting.values():
                kill_process(start)
            raise
        _write_state(home, known)
        return {cloud: known[cloud] for cloud in clouds}


def stop_sandbox(home: Path, clouds: Sequence[str] = tuple(CLOUDS)) -> dict[str, SandboxCloud]:
    """Stop these clouds of a home folder and return those that were running.

    The state file stays, so that a cloud gets its last port again. Raises Timeout when a process
    does not end.
    """
    if not home.is_dir():
        return {}
    with _locked(home):
        known = {cloud: record for cloud, record in _read_state(home).items() if cloud in clouds}
        return {cloud: record for cloud, record in known.items() if _stop(record)}


def sandbox_status(home: Path) -> dict[str, SandboxCloud]:
    """Return the clouds of a home folder that run and reply."""
    return {cloud: known for cloud, known in _read_state(home).items() if is_running(known)}


def is_running(known: SandboxCloud) -> bool:
    """Return whether the recorded process runs and replies at its endpoint."""
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


def _stop(known: SandboxCloud) -> bool:
    """End the process if it runs and has the nonce; returns whether it did."""
    if not _is_ours(known):
        return False
    os.kill(known.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _is_ours(known):
        if time.monotonic() > deadline + STOP_SECONDS:
            raise Timeout(f"Sandbox {known.cloud}, process {known.pid}, does not end.")
        if time.monotonic() > deadline:
            os.kill(known.pid, signal.SIGKILL)
        time.sleep(0.02)
    with suppress(ChildProcessError):
        os.waitpid(known.pid, 0)  # a child of this process stays a zombie until it is waited for
    return True


def _is_ours(known: SandboxCloud) -> bool:
    return known.nonce in _command_line(known.pid)


def _command_line(pid: int) -> str:
    """Return the arguments of a process, empty when it does not exist or has ended."""
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


def _free_port_of(before: SandboxCloud | None) -> int:
    """Return the last port of a cloud, or 0 when it has none or the port is in use."""
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
    replace_private(home / "sandbox.json", _STATE.dump_json(dict(known), indent=2).decode())


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Hold the lock by which one process at a time starts or stops the clouds of a home folder."""
    with open(home / "sandbox.lock", "w", opener=owner_only) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

"""Start, stop and watch the embedded installation of a home folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from skyclust.embedded import prefect_api
from skyclust.embedded.environment import client_environment
from skyclust.embedded.processes import end, find, is_alive, log_tail
from skyclust.embedded.runtime import (
    Runtime,
    forget_runtime,
    locked,
    read_runtime,
    write_runtime,
)
from skyclust.embedded.server import start_server
from skyclust.embedded.worker import start_worker
from skyclust.errors import ConfigurationError, Timeout, Unavailable
from skyclust.security.first_key import initialise_home
from skyclust.settings import load_settings
from skyclust.store.engine import open_store

BOOTSTRAP_SECONDS: Final = 180.0
WATCH_SECONDS: Final = 1.0

FLOW_RUN: Final = "prefect.engine"
"""The module that a worker starts for each flow run."""

STOP_SECONDS: Final = {"server": 15.0, "worker": 20.0}
"""How long each may take to end before it is killed."""

Say = Callable[[str], None]


def start(home: Path, *, api_url: str | None = None, say: Say = lambda _: None) -> Runtime:
    """Start what does not run yet, apply the deployments, and return what runs.

    With `api_url` that server is used and none is started. May be called again at any time:
    what runs stays as it is, and the deployments are brought up to date. `say` is told each
    step. Raises ConfigurationError, Timeout or Unavailable when a part cannot be started;
    parts that were started before it stay, so that `stop` finds them and their logs tell.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(home):
        initialise_home(open_store(), load_settings())
        runtime = _with_server(home, read_runtime(home), api_url, say)
        say("Applying block types, limits, automations and deployments")
        apply_deployments(home, runtime.api_url)
        return _with_worker(home, runtime, say)


def stop(home: Path) -> list[str]:
    """Stop worker and server and return the names of those that were running."""
    if not home.is_dir():
        return []
    with locked(home):
        runtime = read_runtime(home)
        if runtime is None:
            return []
        # The worker first: it has to tell the server how its runs ended.
        ended = [
            name
            for name, process in reversed(runtime.processes.items())
            if end(process, grace_seconds=STOP_SECONDS[name])
        ]
        # A worker that was killed leaves its flow runs behind, each in a session of its own.
        for run in find(argument=FLOW_RUN, variable=f"SKYCLUST_HOME={home}", log=home / "logs"):
            end(run, grace_seconds=STOP_SECONDS["worker"])
        forget_runtime(home)
        return ended


def status(home: Path) -> list[dict[str, object]]:
    """Return a row for the server and one for the worker: state, pid, address, log.

    The states are `running`, `silent` (it runs and does not answer), `dead` (it should run and
    does not) and `stopped`.
    """
    runtime = read_runtime(home)
    if runtime is None:
        return [{"part": part, "state": "stopped"} for part in ("server", "worker")]
    answers = prefect_api.is_ready(runtime.api_url)
    return [_server_row(runtime, answers), _worker_row(runtime)]


def watch(home: Path, runtime: Runtime) -> str:
    """Return, once a part of the installation ends, what happened: `stopped` or a sentence."""
    while True:
        now = read_runtime(home)
        if now is None:
            return "stopped"
        for name, process in now.processes.items():
            if not is_alive(process) and read_runtime(home) == now:
                return (
                    f"The {name} of {runtime.api_url} ended by itself."
                    f" The end of {process.log}:\n{log_tail(process.log)}"
                )
        time.sleep(WATCH_SECONDS)


def apply_deployments(home: Path, api_url: str) -> None:
    """Apply everything that the server has to know; in a process of its own.

    Raises ConfigurationError with what it said when it fails.
    """
    command = [sys.executable, "-m", "deployments.bootstrap"]
    environment = client_environment(home, api_url=api_url, inherited=os.environ)
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            command,
            env=environment,
            cwd=home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=BOOTSTRAP_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise Timeout(
            f"The deployments were not applied within {BOOTSTRAP_SECONDS:.0f} s."
        ) from error
    if done.returncode != 0:
        raise ConfigurationError(
            f"The deployments could not be applied to {api_url}:\n{done.stderr.strip()}"
        )


def _with_server(home: Path, before: Runtime | None, api_url: str | None, say: Say) -> Runtime:
    if api_url is not None:
        return _with_given_server(home, before, api_url, say)
    if before is not None and before.server is not None:
        if is_alive(before.server) and prefect_api.is_ready(before.api_url):
            say(f"The Prefect server runs already: {before.ui_url}")
            return before
        end(before.server, grace_seconds=STOP_SECONDS["server"])
    say("Starting the Prefect server")
    runtime = start_server(home, before)
    # A worker of the old server would look for work at an address that may be gone.
    if before is not None and before.worker is not None:
        end(before.worker, grace_seconds=STOP_SECONDS["worker"])
    write_runtime(home, runtime)
    return runtime


def _with_given_server(home: Path, before: Runtime | None, api_url: str, say: Say) -> Runtime:
    say(f"Using the Prefect server of PREFECT_API_URL: {api_url}")
    if not prefect_api.is_ready(api_url):
        raise Unavailable(
            f"The Prefect server at {api_url} does not answer.",
            hint="Start it, correct PREFECT_API_URL, or unset it to have an embedded server.",
        )
    if before is not None and before.api_url == api_url:
        return before
    if before is not None and any(is_alive(one) for one in before.processes.values()):
        raise ConfigurationError(
            f"An installation with the server {before.api_url} runs in {home}.",
            hint="Stop it with `skyclust down`, or use another SKYCLUST_HOME.",
        )
    runtime = Runtime(api_url=api_url)
    write_runtime(home, runtime)
    return runtime


def _with_worker(home: Path, runtime: Runtime, say: Say) -> Runtime:
    if runtime.worker is not None and is_alive(runtime.worker):
        say("The worker runs already")
        return runtime
    say("Starting the worker")
    return start_worker(home, runtime)


def _server_row(runtime: Runtime, answers: bool) -> dict[str, object]:
    row: dict[str, object] = {"part": "server", "state": "running", "address": runtime.ui_url}
    if runtime.server is None:
        return row | {"state": "running" if answers else "silent", "detail": "not ours"}
    row |= {"pid": runtime.server.pid, "log": str(runtime.server.log)}
    if not is_alive(runtime.server):
        return row | {"state": "dead"}
    return row if answers else row | {"state": "silent"}


def _worker_row(runtime: Runtime) -> dict[str, object]:
    row: dict[str, object] = {"part": "worker", "state": "stopped"}
    if runtime.worker is None:
        return row
    state = "running" if is_alive(runtime.worker) else "dead"
    return row | {"state": state, "pid": runtime.worker.pid, "log": str(runtime.worker.log)}

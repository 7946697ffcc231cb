"""Starting the embedded worker."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from skyclust.embedded import prefect_api
from skyclust.embedded.environment import client_environment
from skyclust.embedded.processes import (
    Process,
    end,
    identified,
    is_alive,
    log_tail,
    spawn_child,
)
from skyclust.embedded.runtime import Runtime, write_runtime
from skyclust.embedded.waiting_process import let_begin
from skyclust.errors import ConfigurationError, Timeout
from skyclust.start_signal import WAIT_OPTION

WORK_POOL: Final = "skyclust"
"""The pool of prefect.yaml."""

WORKER_MODULE: Final = "skyclust.orchestration.worker"
"""`prefect worker start`, which forks the flow runs."""

FLOW_RUNS_AT_ONCE: Final = 10
"""Each is a process of 150 to 200 MB."""

NAME_PREFIX: Final = "embedded-"
"""How the names of embedded workers begin."""

START_SECONDS: Final = 90.0
POLL_SECONDS: Final = 0.1


def worker_name() -> str:
    """Return a name for a new worker: the server remembers the heartbeats of earlier ones."""
    return f"{NAME_PREFIX}{os.urandom(4).hex()}"


def load_worker(
    home: Path, *, name: str, api_url: str, auth_string: str | None
) -> subprocess.Popen[bytes]:
    """Start a worker on the work pool that loads its code, and waits until it may begin."""
    options = ["--pool", WORK_POOL, "--name", name, "--limit", str(FLOW_RUNS_AT_ONCE)]
    return spawn_child(
        [sys.executable, "-m", WORKER_MODULE, WAIT_OPTION, *options],
        environment=client_environment(
            home, api_url=api_url, auth_string=auth_string, inherited=os.environ
        ),
        folder=home,
        log=_log(home),
        stdin=subprocess.PIPE,
    )


def start_worker(
    home: Path, runtime: Runtime, name: str, loaded: subprocess.Popen[bytes]
) -> Runtime:
    """Let a worker begin and return the installation with it, heard of by the server.

    Raises ConfigurationError with the end of its log when it dies, and Timeout when the server
    does not hear of it.
    """
    process = identified(loaded, _log(home))
    complete = runtime.model_copy(update={"worker": process})
    write_runtime(home, complete)
    try:
        let_begin(loaded)
        _wait_until_heard(process, runtime.api_url, name)
    except BaseException:
        end(process, grace_seconds=10)
        raise
    return complete


def _log(home: Path) -> Path:
    return home / "logs" / "worker.log"


def _wait_until_heard(process: Process, api_url: str, name: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while prefect_api.last_heartbeat(api_url, WORK_POOL, name) is None:
        if not is_alive(process):
            raise ConfigurationError(
                f"The worker ended at its start. The end of {process.log}:\n{log_tail(process.log)}"
            )
        if time.monotonic() > deadline:
            raise Timeout(
                f"The server heard of no worker after {START_SECONDS:.0f} s.",
                hint=f"The worker's log is {process.log}.",
            )
        time.sleep(POLL_SECONDS)

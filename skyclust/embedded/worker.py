"""Starting the embedded worker."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Final

from skyclust.embedded import prefect_api
from skyclust.embedded.environment import client_environment
from skyclust.embedded.processes import Process, end, is_alive, log_tail, spawn
from skyclust.embedded.runtime import Runtime, write_runtime
from skyclust.errors import ConfigurationError, Timeout

WORK_POOL: Final = "skyclust"
"""The pool of prefect.yaml."""

WORKER_MODULE: Final = "skyclust.orchestration.worker"
"""`prefect worker start`, which forks the flow runs."""

FLOW_RUNS_AT_ONCE: Final = 10
"""Each is a process of 150 to 200 MB."""

NAME_PREFIX: Final = "embedded-"
"""How the names of embedded workers begin."""

START_SECONDS: Final = 90.0


def start_worker(home: Path, runtime: Runtime, auth_string: str | None) -> Runtime:
    """Start a worker on the work pool and return the installation with it, heard of by the server.

    Raises ConfigurationError with the end of its log when it dies, and Timeout when the server
    does not hear of it.
    """
    # A name of its own: the server remembers heartbeats of earlier workers.
    name = f"{NAME_PREFIX}{os.urandom(4).hex()}"
    options = ["--pool", WORK_POOL, "--name", name, "--limit", str(FLOW_RUNS_AT_ONCE)]
    process = spawn(
        [sys.executable, "-m", WORKER_MODULE, *options],
        environment=client_environment(
            home, api_url=runtime.api_url, auth_string=auth_string, inherited=os.environ
        ),
        folder=home,
        log=home / "logs" / "worker.log",
    )
    complete = runtime.model_copy(update={"worker": process})
    write_runtime(home, complete)
    try:
        _wait_until_heard(process, runtime.api_url, name)
    except BaseException:
        end(process, grace_seconds=10)
        raise
    return complete


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
        time.sleep(0.2)

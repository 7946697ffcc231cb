"""Start, stop and watch the embedded installation of a home folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from skyclust.embedded import prefect_api
from skyclust.embedded.auth import auth_of, knows_auth_string
from skyclust.embedded.bootstrapping import apply_deployments
from skyclust.embedded.environment import prefect_home
from skyclust.embedded.home import named, prepare_home
from skyclust.embedded.logging_settings import write_logging_settings
from skyclust.embedded.preparation import Preparation
from skyclust.embedded.processes import Process, end, find, is_alive, log_tail
from skyclust.embedded.recovery import require_recovery, start_recovery
from skyclust.embedded.runtime import (
    Runtime,
    forget_runtime,
    locked,
    read_runtime,
    write_runtime,
)
from skyclust.embedded.server import start_server, wanted_port
from skyclust.embedded.worker import start_worker
from skyclust.errors import ConfigurationError, InvalidRequest, Unavailable
from skyclust.security.first_key import initialise_home
from skyclust.settings import load_settings
from skyclust.store.engine import open_store

WATCH_SECONDS: Final = 1.0

PATIENCE_SECONDS: Final = 30.0
"""How long a running server may not answer before it counts as hung."""

FLOW_RUNS: Final = ("skyclust.orchestration.fork_server", "prefect.engine", "deployments.recover")
"""The modules that a worker and the recovery loop start for each flow run, forks among them."""

STOP_SECONDS: Final = {"server": 15.0, "worker": 20.0, "recovery": 12.0}
"""How long each may take to end before it is killed."""

Say = Callable[[str], None]


def start(
    home: Path,
    *,
    api_url: str | None = None,
    reset: bool = False,
    port: int | None = None,
    say: Say = lambda _: None,
) -> Runtime:
    """Start what does not run yet, apply the deployments, and return what runs.

    With `api_url` that server is used and none is started. May be called again at any time:
    what runs stays as it is, and the deployments are brought up to date; with `reset` they
    become what is declared, whatever people changed. The server listens at `port`, by default where
    it listened last. `say` is called at the beginning of each step. Raises
    ConfigurationError, Timeout or Unavailable when a part cannot be started; parts that were
    started before it stay, so that `stop` finds them and their logs tell.
    """
    closed = prepare_home(home)
    if closed:
        say(f"Closed to other users of this machine: {named(closed, home)}")
    with locked(home), Preparation(home, reset=reset) as prepared:
        say("Preparing the store and its encryption key")
        initialise_home(open_store(), load_settings())
        write_logging_settings(prefect_home(home))
        runtime = _with_server(home, read_runtime(home), api_url, port, say=say, prepared=prepared)
        auth = auth_of(home, runtime)
        with prefect_api.authorised(auth):
            # Before the rest: what a crash left behind must not wait for it.
            runtime = _with_recovery(home, runtime, auth, say)
            prepared.load(runtime, auth)
            say("Applying block types, limits, automations and deployments")
            for line in apply_deployments(prepared.bootstrap, runtime.api_url):
                say(line)
            runtime = _with_worker(home, runtime, prepared, say)
        require_recovery(runtime)
        return runtime


def stop(home: Path) -> list[str]:
    """Stop worker and server and return the names of those that were running."""
    if not home.is_dir():
        return []
    with locked(home):
        runtime = read_runtime(home)
        if runtime is None:
            return []
        # Recovery first: it would take over the operations that the worker leaves; then the worker,
        # which has to report to the server how its runs ended.
        ended = [
            name
            for name, process in reversed(runtime.processes.items())
            if end(process, grace_seconds=STOP_SECONDS[name])
        ]
        # A killed worker leaves the processes of its flow runs behind.
        for module in FLOW_RUNS:
            for run in find(argument=module, variable=f"SKYCLUST_HOME={home}", log=home / "logs"):
                end(run, grace_seconds=STOP_SECONDS["worker"])
        forget_runtime(home)
        return ended


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


def _with_server(
    home: Path,
    before: Runtime | None,
    api_url: str | None,
    port: int | None,
    *,
    say: Say,
    prepared: Preparation,
) -> Runtime:
    own = before if before is not None and before.server is not None else None
    if api_url is not None and (own is None or own.api_url != api_url):
        if port is not None:
            raise InvalidRequest(
                "--port does not go with PREFECT_API_URL: that server has its own port.",
                hint="Leave one of them out.",
            )
        return _with_given_server(home, before, api_url, say)
    if own is not None and own.server is not None:
        has_auth = knows_auth_string(home, own)
        if has_auth and _answers(own.server, own.api_url):
            if port not in {None, urlsplit(own.api_url).port}:
                raise InvalidRequest(
                    f"The Prefect server runs already, at {own.ui_url}.",
                    hint=f"Stop it with `skyclust down`; then `skyclust up --port {port}`.",
                )
            say(f"The Prefect server runs already: {own.ui_url}")
            return own
        end(own.server, grace_seconds=STOP_SECONDS["server"])
        if not has_auth:
            say("The Prefect server ran without this auth string: all is started anew.")
            _end_clients(own)
    new = not (prefect_home(home) / "prefect.db").exists()
    say("Starting the Prefect server" + (", which creates its database first" if new else ""))
    wanted = port or wanted_port(home, before)
    runtime = start_server(home, before, port=port, meanwhile=prepared.load)
    if urlsplit(runtime.api_url).port != wanted:
        say(f"Port {wanted} is taken: the Prefect server listens at {runtime.ui_url}")
    if before is not None and before.api_url != runtime.api_url:
        # They would look for work at an address that is gone.
        _end_clients(before)
    return runtime


def _end_clients(runtime: Runtime) -> None:
    for name in ("recovery", "worker"):
        if name in runtime.processes:
            end(runtime.processes[name], grace_seconds=STOP_SECONDS[name])


def _answers(server: Process, api_url: str) -> bool:
    """Return whether a server that runs answers; one that is busy gets some time for it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while is_alive(server):
        if prefect_api.is_ready(api_url):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(WATCH_SECONDS)
    return False


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


def _with_recovery(home: Path, runtime: Runtime, auth: str | None, say: Say) -> Runtime:
    if runtime.recovery is not None and is_alive(runtime.recovery):
        return runtime
    say("Starting the recovery loop")
    return start_recovery(home, runtime, auth)


def _with_worker(home: Path, runtime: Runtime, prepared: Preparation, say: Say) -> Runtime:
    loaded = prepared.worker
    if loaded is None:
        say("The worker runs already")
        return runtime
    say("Starting the worker")
    return start_worker(home, runtime, prepared.worker_name, loaded)

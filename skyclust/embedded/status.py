"""What runs in a home folder, and whether what must happen there by itself does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from skyclust.embedded import prefect_api
from skyclust.embedded.auth import auth_of
from skyclust.embedded.health_checks import check_all
from skyclust.embedded.processes import Process, is_alive
from skyclust.embedded.recovery_state import read_recovery_state
from skyclust.embedded.runtime import Runtime, read_runtime
from skyclust.errors import ConfigurationError
from skyclust.security import auth_string
from skyclust.security.keyring import load_keyring

PARTS: Final = ("server", "worker", "recovery")

NOBODY_LOOKS: Final = (
    "Nobody carries on what was broken off: `skyclust up` starts it, `skyclust operation list`"
    " shows what waits."
)

STRANGER: Final = (
    "Who answers there does not know the auth string of {}: run `skyclust up`, which starts our"
    " own server."
)


@dataclass(frozen=True)
class Row:
    """One line of the status: a process of the installation, or one thing that must happen.

    A process is `running`, `silent` (it runs and does not answer), `stranger` (who answers in its
    place does not know our auth string), `dead` (it should run and does not) or `stopped`.
    """

    part: str
    state: str
    healthy: bool
    detail: str = ""
    address: str = ""
    pid: int | None = None
    log: str = ""


def status(home: Path, *, api_url: str | None = None) -> list[Row]:
    """Return a row for each process and, when the server answers, one for each check.

    `api_url` is the server that the environment names: it is looked at where nothing was
    started in this home. Raises ConfigurationError when the state of the home cannot be read.
    """
    runtime = read_runtime(home)
    if runtime is not None and runtime.server is not None:
        return _own(home, runtime)
    if runtime is not None:
        answers = prefect_api.is_ready(runtime.api_url)
        rows = [_server(runtime, answers), _worker(runtime), _recovery(home, runtime), _key()]
        return rows + (_checks(runtime.api_url) if answers else [])
    if api_url is None:
        return [Row(part, "stopped", healthy=False) for part in PARTS]
    answers = prefect_api.is_ready(api_url)
    return [_server(Runtime(api_url=api_url), answers), *(_checks(api_url) if answers else [])]


def _own(home: Path, runtime: Runtime) -> list[Row]:
    """Return the status of an installation with a server of its own."""
    answers, proves, auth = prefect_api.is_ready(runtime.api_url), False, None
    found = str(auth_string.path_in(home))
    secret = Row("auth string", "ok", healthy=True, detail=found)
    try:
        auth = auth_of(home, runtime)
    except ConfigurationError as error:
        secret = Row("auth string", "missing", healthy=False, detail=str(error))
    if answers and auth is not None:
        proves = prefect_api.proves(runtime.api_url, auth)
    rows = [_server(runtime, answers), _worker(runtime), _recovery(home, runtime), _key(), secret]
    if answers and auth is not None and not proves:
        rows[0] = replace(rows[0], state="stranger", healthy=False, detail=STRANGER.format(found))
    with prefect_api.authorised(auth):
        return rows + (_checks(runtime.api_url) if proves else [])


def _checks(api_url: str) -> list[Row]:
    return [Row(one.part, one.state, one.healthy, one.detail) for one in check_all(api_url)]


def _server(runtime: Runtime, answers: bool) -> Row:
    address = runtime.ui_url
    if runtime.server is None:
        state = "running" if answers else "silent"
        return Row("server", state, answers, "not ours", address)
    state = "running" if answers else "silent"
    return _process("server", runtime.server, state, address=address)


def _worker(runtime: Runtime) -> Row:
    return _process("worker", runtime.worker, "running")


def _recovery(home: Path, runtime: Runtime) -> Row:
    seen = read_recovery_state(home)
    if seen is None or runtime.recovery is None:
        return _process("recovery", runtime.recovery, "running", detail="has not looked yet")
    state = "silent" if seen.is_silent else "blocked" if seen.problems else "running"
    row = _process("recovery", runtime.recovery, state)
    # What it saw last is no longer true once it does not look any more.
    detail = " ".join(seen.problems) or "no operation waits for it"
    return replace(row, detail=NOBODY_LOOKS if row.state in {"silent", "dead"} else detail)


def _key() -> Row:
    try:
        keyring = load_keyring()
    except ConfigurationError as error:
        return Row("encryption key", "missing", healthy=False, detail=str(error))
    return Row("encryption key", "ok", healthy=True, detail=keyring.source)


def _process(
    part: str, process: Process | None, state: str, *, detail: str = "", address: str = ""
) -> Row:
    if process is None:
        return Row(part, "stopped", healthy=False)
    state = state if is_alive(process) else "dead"
    return Row(
        part, state, state == "running", detail, address, pid=process.pid, log=str(process.log)
    )

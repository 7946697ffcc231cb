"""What runs in a home folder, and whether what must happen there by itself does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from skyclust.embedded import prefect_api
from skyclust.embedded.auth import auth_of
from skyclust.embedded.health_checks import PARTS as CHECKED
from skyclust.embedded.health_checks import check_all
from skyclust.embedded.open_operations import open_operations
from skyclust.embedded.processes import Process, is_alive
from skyclust.embedded.recovery_state import read_recovery_state
from skyclust.embedded.runtime import Runtime, read_runtime
from skyclust.errors import ConfigurationError, SkyClustError
from skyclust.security import auth_string
from skyclust.security.keyring import load_keyring

PARTS: Final = ("server", "worker", "recovery")

NO_RECOVERY: Final = (
    "Operations that were broken off are not carried on: start the recovery loop with `skyclust"
    " up`; `skyclust operation list` shows them."
)

STRANGER: Final = (
    "Another program answers at this address, not our server: it does not know the auth string of"
    " {}. `skyclust up` starts our own server."
)

SERVER_GONE: Final = "The Prefect server does not answer: start it with `skyclust up`."

SERVER_ELSEWHERE_GONE: Final = "The Prefect server does not answer: start it, or correct its URL."

NOT_CHECKED: Final = "It cannot be checked before the Prefect server answers."

UNKNOWN: Final = "unknown"
"""State of what cannot be checked."""


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
    """Return a row for each process, for each check and for the operations that are open.

    A check that cannot be made, since the server does not answer, is `unknown` and not healthy.
    Where nothing was started, and no server is named, there is a row for each process alone.

    `api_url` is the server that the environment names: it is looked at where nothing was
    started in this home. Raises ConfigurationError when the state of the home cannot be read.
    """
    runtime = read_runtime(home)
    if runtime is not None and runtime.server is not None:
        return _own(home, runtime)
    if runtime is not None:
        answers = prefect_api.is_ready(runtime.api_url)
        rows = [_server(runtime, answers), _worker(runtime), _recovery(home, runtime), _key()]
        return [*rows, *_checks(runtime.api_url, answers), _operations()]
    if api_url is None:
        return [Row(part, "stopped", healthy=False) for part in PARTS]
    answers = prefect_api.is_ready(api_url)
    server = _server(Runtime(api_url=api_url), answers)
    return [server, *_checks(api_url, answers), _operations()]


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
        return [*rows, *_checks(runtime.api_url, proves), _operations()]


def _checks(api_url: str, answers: bool) -> list[Row]:
    if not answers:
        return [Row(part, UNKNOWN, healthy=False, detail=NOT_CHECKED) for part in CHECKED]
    return [Row(one.part, one.state, one.healthy, one.detail) for one in check_all(api_url)]


def _operations() -> Row:
    """Return the row of the open operations; one that waits for a person is no fault of ours."""
    try:
        state, detail = open_operations()
    except SkyClustError as error:
        return Row("open operations", UNKNOWN, healthy=False, detail=str(error))
    return Row("open operations", state, healthy=True, detail=detail)


def _server(runtime: Runtime, answers: bool) -> Row:
    address = runtime.ui_url
    state = "running" if answers else "silent"
    if runtime.server is None:
        detail = "not ours" if answers else SERVER_ELSEWHERE_GONE
        return Row("server", state, answers, detail, address)
    detail = "" if answers else SERVER_GONE
    return _process("server", runtime.server, state, address=address, detail=detail)


def _worker(runtime: Runtime) -> Row:
    row = _process("worker", runtime.worker, "running")
    return row if row.healthy else replace(row, detail="`skyclust up` starts it.")


def _recovery(home: Path, runtime: Runtime) -> Row:
    seen = read_recovery_state(home)
    if seen is None or runtime.recovery is None:
        return _process("recovery", runtime.recovery, "running", detail="has not looked yet")
    state = "silent" if seen.is_silent else "blocked" if seen.problems else "running"
    row = _process("recovery", runtime.recovery, state)
    # What it saw last is no longer true once it does not look any more.
    detail = " ".join(seen.problems) or "no operation waits for it"
    return replace(row, detail=NO_RECOVERY if row.state in {"silent", "dead"} else detail)


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

"""Starting the embedded Prefect server."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from skyclust.embedded import prefect_api
from skyclust.embedded.environment import prefect_home, server_environment
from skyclust.embedded.processes import Process, end, is_alive, log_tail, spawn
from skyclust.embedded.runtime import Runtime, write_runtime
from skyclust.errors import ConfigurationError, Timeout, Unavailable
from skyclust.file_modes import close_to_others, replace_private
from skyclust.security import auth_string, keyfile
from skyclust.security.keyring import generate_key

SERVER_MODULE: Final = "skyclust.orchestration.prefect_server"
"""`prefect server`, for a database that many write to at once."""

DEFAULT_PORT: Final = 4200
PORT_FILE: Final = "prefect-port"
"""The port that the server of a home folder had last."""

START_SECONDS: Final = 120.0
POLL_SECONDS: Final = 0.1
ATTEMPTS: Final = 3
"""Another process may take the port between our look and the server's own bind."""

_LOG_LINES: Final = 200
"""Lines of the log that one start may write; tracebacks of its shutdown follow the reason."""


def wanted_port(home: Path, before: Runtime | None) -> int:
    """Return the port that the server had last, 4200 for one that was never started."""
    if before is not None:
        return urlsplit(before.api_url).port or DEFAULT_PORT
    try:
        return int((home / PORT_FILE).read_text())
    except (OSError, ValueError):
        return DEFAULT_PORT


def start_server(
    home: Path,
    before: Runtime | None,
    *,
    port: int | None = None,
    meanwhile: Callable[[Runtime, str], None] = lambda _, __: None,
) -> Runtime:
    """Start the server and return it, ready; on the port it had last, else 4200, else a free one.

    With `port` it listens there alone. Whoever has taken the port that it had may have been sent
    the auth string, by a worker that did not know: there is a new one then. `meanwhile` is called
    with the server that is to be, and its auth string, while it starts. Raises ConfigurationError
    when the given `port` is taken, and with the end of its log when the server dies, and Timeout
    when it is not ready after two minutes.
    """
    key, auth = _encryption_key(home), auth_string.initialise(home)
    last = wanted_port(home, before)
    wanted = port or last
    for _ in range(ATTEMPTS):
        chosen = prefect_api.choose_port(wanted)
        if port is not None and chosen != port:
            raise ConfigurationError(
                f"Port {port} is taken by another program.",
                hint="Name another with --port, or leave it out: then a free one is taken.",
            )
        if before is not None and before.server is not None and chosen != last:
            auth = auth_string.renew(home)
        api_url = f"http://{prefect_api.LOOPBACK}:{chosen}/api"
        environment = server_environment(
            home, port=chosen, encryption_key=key, auth_string=auth, inherited=os.environ
        )
        process = _spawn(home, chosen, environment)
        runtime = _with_server(before, api_url, process, auth_string.fingerprint(auth))
        # At once: if this process is killed while it waits, `stop` finds the server.
        write_runtime(home, runtime)
        try:
            meanwhile(runtime, auth)
            if _became_ready(process, api_url, auth):
                # Prefect copies its UI with the modes that it has where it is installed. Nothing
                # in it is secret, and what is ours is closed to others without exception.
                close_to_others([prefect_home(home) / "ui"])
                # `down` forgets all else, and bookmarks hold on to the address.
                replace_private(home / PORT_FILE, f"{chosen}\n")
                return runtime
        except BaseException:
            end(process, grace_seconds=10)
            raise
        wanted = 0
    raise Unavailable("No port could be had for the Prefect server.", hint="Try again.")


def _with_server(before: Runtime | None, api_url: str, server: Process, auth: str) -> Runtime:
    """Return the installation with its new server, and with what goes on to live beside it."""
    if before is None:
        return Runtime(api_url=api_url, server=server, auth=auth)
    return before.model_copy(update={"api_url": api_url, "server": server, "auth": auth})


def _spawn(home: Path, port: int, environment: Mapping[str, str]) -> Process:
    command = [sys.executable, "-m", SERVER_MODULE, "start"]
    return spawn(
        [*command, "--host", prefect_api.LOOPBACK, "--port", str(port)],
        environment=environment,
        folder=home,
        log=home / "logs" / "server.log",
    )


def _became_ready(process: Process, api_url: str, auth: str) -> bool:
    """Wait for the server; return False when another process has its port."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        # Two installations may start at once and want one port: who answers there need not
        # be ours, and ours is then about to end.
        if prefect_api.is_ready(api_url) and prefect_api.proves(api_url, auth):
            return True
        if not is_alive(process):
            if _found_its_port_taken(process.log, api_url):
                return False
            raise ConfigurationError(
                f"The Prefect server ended at its start. The end of {process.log}:\n"
                f"{log_tail(process.log)}",
            )
        time.sleep(POLL_SECONDS)
    raise Timeout(
        f"The Prefect server was not ready after {START_SECONDS:.0f} s.",
        hint=f"Its log is {process.log}.",
    )


def _found_its_port_taken(log: Path, api_url: str) -> bool:
    port = str(urlsplit(api_url).port)
    lines = log_tail(log, lines=_LOG_LINES).splitlines()
    return any("already in use" in line and port in line for line in lines)


def _encryption_key(home: Path) -> str:
    """Return the key of Prefect's block documents, made once, kept outside its database.

    A new key over an old database would make every block unreadable: that is refused. The
    key is a Fernet key, which is 32 random bytes in URL-safe base64 (the Fernet spec).
    """
    path = home / "prefect-encryption.key"
    if not path.exists() and (prefect_home(home) / "prefect.db").exists():
        raise ConfigurationError(
            f"{path} is missing, and the Prefect database beside it was encrypted with it.",
            hint=f"Put the file back from your backup, or move {prefect_home(home)} away to begin"
            " with an empty Prefect and add the credentials anew.",
        )
    if not path.exists():
        keyfile.create(path, generate_key() + "\n")
    return (keyfile.read_own(path) or "").strip()

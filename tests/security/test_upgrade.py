"""Installations that run without an auth string, and auth strings that others may know."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from skyclust.embedded.server import SERVER_MODULE
from skyclust.security import auth_string
from tests.fixtures.installation import CommandLine, kill

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]


def _runtime(skyclust: CommandLine) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((skyclust.home / "runtime.json").read_text())
    return found


def _started(pid: int) -> str:
    """The mark of a process's start, as runtime.json has it (proc(5), field 22)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def _status(skyclust: CommandLine, auth: str | None) -> int:
    user, _, password = (auth or "").partition(":")
    given = httpx.BasicAuth(user, password) if auth else None
    return httpx.get(f"{skyclust.api_url}/version", auth=given, timeout=30).status_code


def _as_an_earlier_version_ran(skyclust: CommandLine) -> subprocess.Popen[bytes]:
    """Put a server without auth in the place of the one that runs, and return its process."""
    runtime = _runtime(skyclust)
    port = skyclust.api_url.rsplit(":", 1)[1].removesuffix("/api")
    kill(skyclust.pid("server"))
    prefect = skyclust.home / "prefect"
    environment = skyclust.environment(
        PREFECT_HOME=str(prefect),
        PREFECT_SERVER_ENCRYPTION_KEY=(skyclust.home / "prefect-encryption.key")
        .read_text()
        .strip(),
        PREFECT_SERVER_UI_ENABLED="false",
        PREFECT_API_URL=skyclust.api_url,
    )
    log = skyclust.home / "logs" / "server.log"
    with log.open("ab") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", SERVER_MODULE, "start", "--host", "127.0.0.1", "--port", port],
            env=environment,
            cwd=skyclust.home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process = {"pid": server.pid, "started": _started(server.pid), "log": str(log)}
    old = {key: one for key, one in runtime.items() if key != "auth"} | {"server": process}
    (skyclust.home / "runtime.json").write_text(json.dumps(old))
    auth_string.path_in(skyclust.home).unlink()
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            if _status(skyclust, None) == 200:
                return server
        except httpx.TransportError:
            time.sleep(0.3)
    server.kill()
    server.wait(timeout=30)
    pytest.fail(log.read_text()[-3000:])


def test_a_server_of_an_earlier_version_is_told_and_started_anew_with_an_auth_string(
    skyclust: CommandLine,
) -> None:
    assert skyclust("up", "--detach").returncode == 0
    worker, recovery = skyclust.pid("worker"), skyclust.pid("recovery")
    with _as_an_earlier_version_ran(skyclust) as old:
        _expect_renewal(skyclust, old)

    assert worker != skyclust.pid("worker")
    assert recovery != skyclust.pid("recovery")


def _expect_renewal(skyclust: CommandLine, old: subprocess.Popen[bytes]) -> None:
    command, status = skyclust("inventory", "sync"), skyclust("status", "--json")
    up = skyclust("up", "--detach")
    path = auth_string.path_in(skyclust.home)

    assert command.returncode == 6
    assert str(path) in command.stderr
    assert status.returncode == 7
    rows = {row["part"]: row["state"] for row in json.loads(status.stdout)}
    assert rows["auth string"] == "missing"
    assert up.returncode == 0, up.stderr
    assert "all is started anew" in up.stderr
    assert old.wait(timeout=30) is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (_status(skyclust, None), _status(skyclust, auth_string.read(skyclust.home))) == (
        401,
        200,
    )
    rows = {row["part"]: row["state"] for row in json.loads(skyclust("status", "--json").stdout)}
    assert (rows["server"], rows["worker"], rows["auth string"]) == ("running", "running", "ok")


def test_a_string_that_is_replaced_is_the_one_from_the_next_up_on(skyclust: CommandLine) -> None:
    assert skyclust("up", "--detach").returncode == 0
    before = auth_string.read(skyclust.home)
    auth_string.path_in(skyclust.home).chmod(0o644)
    refused = skyclust("up", "--detach")
    auth_string.path_in(skyclust.home).unlink()
    up = skyclust("up", "--detach")
    after = auth_string.read(skyclust.home)

    assert refused.returncode == 6
    assert "open to other users" in refused.stderr
    assert up.returncode == 0, up.stderr
    assert after != before
    assert (_status(skyclust, before), _status(skyclust, after)) == (401, 200)


def test_whoever_took_the_port_may_have_heard_it_so_there_is_a_new_one(
    skyclust: CommandLine,
) -> None:
    assert skyclust("up", "--detach").returncode == 0
    before, address = auth_string.read(skyclust.home), skyclust.api_url
    os.kill(skyclust.pid("server"), signal.SIGKILL)
    port = int(address.rsplit(":", 1)[1].removesuffix("/api"))
    with closing(_take(port)):
        up = skyclust("up", "--detach")
        after = auth_string.read(skyclust.home)
        statuses = _status(skyclust, before), _status(skyclust, after)

    assert up.returncode == 0, up.stderr
    assert skyclust.api_url != address
    assert after != before
    assert statuses == (401, 200)


def _take(port: int) -> socket.socket:
    end = time.monotonic() + 30
    while True:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            listener.close()
            assert time.monotonic() < end
            time.sleep(0.1)
            continue
        listener.listen()
        return listener

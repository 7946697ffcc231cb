"""Starting and stopping the embedded installation."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.installation import CommandLine, kill, processes_of
from tests.fixtures.prefect import PrefectServer

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(400)]


RUNNING = {"server": "running", "worker": "running", "recovery": "running"}


def _states(skyclust: CommandLine) -> dict[str, str]:
    """The states of the processes; test_status.py looks at what they bring about."""
    ended = skyclust("status", "--json")
    rows = {row["part"]: row["state"] for row in json.loads(ended.stdout)}
    return {part: rows[part] for part in ("server", "worker", "recovery") if part in rows}


def _rows(status: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {row["part"]: row["state"] for row in json.loads(status.stdout)}


def _eventually(good: Callable[[], bool], seconds: float = 180) -> bool:
    end = time.monotonic() + seconds
    while not good() and time.monotonic() < end:
        time.sleep(0.2)
    return good()


def _read_until(process: subprocess.Popen[str], words: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    pytest.fail(f"it never said {words!r}")


def test_from_nothing_to_up_and_down_again(empty: CommandLine) -> None:
    before = empty("status", "--json")
    with socket.socket() as taken:
        # Whoever has 4200, us or another: the installation goes elsewhere.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 4200))
            taken.listen()
        except OSError:
            pass
        up = empty("up", "--detach")
    runtime = json.loads((empty.home / "runtime.json").read_text())
    running = _states(empty)
    again = empty("up", "--detach")
    after = json.loads((empty.home / "runtime.json").read_text())
    down = empty("down")
    left = processes_of(empty.home)
    down_again = empty("down")

    assert before.returncode == 7
    assert [row["state"] for row in json.loads(before.stdout)] == ["stopped"] * 3
    assert up.returncode == 0, up.stderr
    assert "4200" not in runtime["api_url"]
    assert runtime["api_url"].removesuffix("/api") in up.stderr
    assert running == RUNNING
    assert again.returncode == 0, again.stderr
    assert "runs already" in again.stderr
    assert "Closed to other users" not in up.stderr + again.stderr
    assert after == runtime
    assert down.returncode == 0
    assert "Stopped: recovery, worker, server." in down.stderr
    assert left == {}
    assert down_again.returncode == 0
    assert "Nothing was running." in down_again.stderr


def test_what_it_keeps_is_for_its_owner_alone(installed: CommandLine) -> None:
    home = installed.home
    open_to_others = [
        str(path)
        for path in (home, *home.rglob("*"))
        if path.exists() and not path.is_symlink() and path.stat().st_mode & 0o077
    ]
    assert open_to_others == []
    names = {path.name for path in home.rglob("*")}
    assert any((home / "prefect" / "ui").rglob("index.html"))
    assert names >= {"skyclust.db", "prefect.db", "runtime.json", "encryption.key"}
    assert names >= {"server.log", "worker.log", "recovery.log", "prefect-encryption.key"}


def test_the_server_listens_on_loopback_only(installed: CommandLine) -> None:
    port = int(installed.api_url.rsplit(":", 1)[1].removesuffix("/api"))
    listening = [
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) == port
    ]
    assert listening == [f"0100007F:{port:04X}"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground_a_signal_ends_everything(
    skyclust: CommandLine, number: signal.Signals
) -> None:
    with skyclust.start("up") as up:
        try:
            assert _eventually(lambda: _states(skyclust) == RUNNING)
            # It may still be waiting for the server to hear of the worker: that is fine too.
            up.send_signal(number)
            _, said = up.communicate(timeout=90)
        finally:
            up.kill()

    assert up.returncode == 0, said
    assert processes_of(skyclust.home) == {}
    assert not (skyclust.home / "runtime.json").exists()


def test_a_start_that_is_broken_off_leaves_nothing_running(empty: CommandLine) -> None:
    with empty.start("up", "--detach") as up:
        try:
            assert _eventually((empty.home / "runtime.json").exists)
            up.send_signal(signal.SIGINT)
            up.communicate(timeout=90)
        finally:
            up.kill()

    assert up.returncode == 130
    assert processes_of(empty.home) == {}


def test_a_part_that_dies_is_shown_and_comes_back_with_up(skyclust: CommandLine) -> None:
    assert skyclust("up", "--detach").returncode == 0
    server, worker, api_url = skyclust.pid("server"), skyclust.pid("worker"), skyclust.api_url

    kill(worker)
    dead_worker = skyclust("status", "--json")
    assert skyclust("up", "--detach").returncode == 0
    same_server, new_worker = skyclust.pid("server"), skyclust.pid("worker")
    kill(server)
    dead_server = _states(skyclust)
    assert skyclust("up", "--detach").returncode == 0
    kept_worker = skyclust.pid("worker")

    assert dead_worker.returncode == 7
    assert _rows(dead_worker)["worker"] == "dead"
    assert _rows(dead_worker)["server"] == "running"
    assert same_server == server
    assert new_worker != worker
    assert kept_worker == new_worker, "a worker that is alive is left alone"
    assert dead_server["server"] == "dead"
    assert skyclust.api_url == api_url, "a new server takes the address that people know"
    # What the recovery loop saw while the server was dead stands until it looks again.
    assert _eventually(lambda: _states(skyclust) == RUNNING, seconds=40)


def test_in_the_foreground_a_server_that_dies_is_told_with_its_log(skyclust: CommandLine) -> None:
    with skyclust.start("up") as up:
        try:
            _read_until(up, "Ctrl-C stops it.")
            kill(skyclust.pid("server"))
            _, said = up.communicate(timeout=90)
        finally:
            up.kill()

    assert up.returncode == 1
    assert "The server of http://127.0.0.1:" in said
    assert str(skyclust.home / "logs" / "server.log") in said
    assert processes_of(skyclust.home) == {}


def test_a_server_that_cannot_start_is_told_with_its_log(skyclust: CommandLine) -> None:
    up = skyclust("up", "--detach", PREFECT_SERVER_API_KEEPALIVE_TIMEOUT="soon")

    assert up.returncode == 6
    assert "The Prefect server ended at its start" in up.stderr
    assert "keepalive_timeout" in up.stderr
    assert processes_of(skyclust.home) == {}


def test_a_lost_key_of_prefect_is_never_replaced(empty: CommandLine) -> None:
    (empty.home / "prefect").mkdir(parents=True)
    (empty.home / "prefect" / "prefect.db").touch()

    up = empty("up", "--detach")

    assert up.returncode == 6
    assert "prefect-encryption.key is missing" in up.stderr
    assert not (empty.home / "prefect-encryption.key").exists()


def test_a_broken_state_file_is_told(empty: CommandLine) -> None:
    empty.home.mkdir()
    (empty.home / "runtime.json").write_text("{")

    status = empty("status")

    assert status.returncode == 6
    assert "runtime.json cannot be read" in status.stderr
    (empty.home / "runtime.json").unlink()


def test_a_pid_that_is_somebody_elses_now_is_left_alone(empty: CommandLine) -> None:
    empty.home.mkdir()
    with subprocess.Popen(["sleep", "300"]) as stranger:
        process = {"pid": stranger.pid, "started": "1", "log": str(empty.home / "log")}
        (empty.home / "runtime.json").write_text(
            json.dumps(
                {"api_url": "http://127.0.0.1:1/api", "server": process, "worker": process}
                | {"recovery": process}
            )
        )
        try:
            states = _states(empty)
            down = empty("down")
            alive = stranger.poll() is None
        finally:
            stranger.kill()

    assert states == {"server": "dead", "worker": "dead", "recovery": "dead"}
    assert down.returncode == 0
    assert "Nothing was running." in down.stderr
    assert alive


def test_with_a_server_of_somebody_else_only_a_worker_is_started(
    empty: CommandLine, prefect_server: PrefectServer
) -> None:
    given = prefect_server.address()

    up = empty("up", "--detach", **given)
    states = empty("status", "--json", **given)
    command_lines = " ".join(processes_of(empty.home).values())
    down = empty("down", **given)

    assert up.returncode == 0, up.stderr
    assert f"Using the Prefect server of PREFECT_API_URL: {prefect_server.api_url}" in up.stderr
    assert _rows(states)["server"] == _rows(states)["worker"] == "running"
    assert "skyclust.orchestration.worker" in command_lines
    assert "server start" not in command_lines
    assert "Stopped: recovery, worker." in down.stderr
    os.kill(prefect_server.pid, 0)


def test_a_server_of_somebody_else_that_does_not_answer_is_told(empty: CommandLine) -> None:
    up = empty("up", "--detach", PREFECT_API_URL="http://127.0.0.1:1/api")

    assert up.returncode == 7
    assert "http://127.0.0.1:1/api does not answer" in up.stderr
    assert processes_of(empty.home) == {}


def test_two_installations_start_at_once(empty: CommandLine, tmp_path: Path) -> None:
    other = CommandLine(tmp_path / "other")
    both = [one.start("up", "--detach") for one in (empty, other)]
    said = [process.communicate(timeout=240)[1] for process in both]
    urls = {empty.api_url, other.api_url}
    states = [_states(one) for one in (empty, other)]
    other("down")

    assert [process.returncode for process in both] == [0, 0], said
    assert len(urls) == 2
    assert states == [RUNNING] * 2
    assert processes_of(other.home) == {}

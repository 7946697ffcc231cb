"""The processes of sandbox clouds: start, status, survival of the parent, and stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from skyclust.errors import ConfigurationError, InvalidRequest
from skyclust_sandbox import processes
from skyclust_sandbox.processes import SandboxCloud, sandbox_status, start_sandbox, stop_sandbox
from tests.fixtures.machine_speed import bound
from tests.integration.sandbox.aws import client

pytestmark = pytest.mark.integration


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    stop_sandbox(tmp_path)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_starts_serves_and_stops(home: Path) -> None:
    assert sandbox_status(home) == {}
    started = time.monotonic()
    running = start_sandbox(home, clouds=["aws"], seed="estate")["aws"]
    assert time.monotonic() - started < bound(8)
    assert sandbox_status(home) == {"aws": running}
    assert client("ec2", running.endpoint).describe_instances()["Reservations"]
    assert (home / "logs" / "sandbox-aws.log").exists()
    assert stop_sandbox(home) == {"aws": running}
    assert not alive(running.pid)
    assert sandbox_status(home) == {}
    assert stop_sandbox(home) == {}


def test_starting_a_running_cloud_returns_it(home: Path) -> None:
    first = start_sandbox(home, clouds=["aws"], seed="empty")
    assert start_sandbox(home, clouds=["aws"], seed="empty") == first


def test_it_starts_again_at_its_last_endpoint(home: Path) -> None:
    first = start_sandbox(home, clouds=["aws"], seed="empty")["aws"]
    stop_sandbox(home)
    again = start_sandbox(home, clouds=["aws"], seed="empty")["aws"]
    assert again.endpoint == first.endpoint
    assert again.pid != first.pid


def test_it_takes_another_port_when_its_last_one_is_in_use(home: Path) -> None:
    first = start_sandbox(home, clouds=["aws"], seed="empty")["aws"]
    stop_sandbox(home)
    port = int(first.endpoint.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        again = start_sandbox(home, clouds=["aws"], seed="empty")["aws"]
    assert again.endpoint != first.endpoint


def test_a_requested_port_in_use_is_an_error(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=r"ended at its start.*in use"):
            start_sandbox(home, clouds=["aws"], seed="empty", ports={"aws": port})
    assert sandbox_status(home) == {}


def test_it_outlives_the_process_that_started_it(home: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from skyclust_sandbox.processes import *;"
        "print(start_sandbox(Path(sys.argv[1]), clouds=['aws'], seed='empty')['aws'].pid)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(home)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    [running] = sandbox_status(home).values()
    assert running.pid == int(ended.stdout)
    assert os.getsid(running.pid) == running.pid


def test_a_pid_of_another_process_is_not_killed(home: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        known = SandboxCloud(
            cloud="aws", endpoint="http://127.0.0.1:9", pid=other.pid, nonce="f" * 32, seed="empty"
        )
        state = {"aws": known.model_dump()}
        (home / "sandbox.json").write_text(json.dumps(state))
        assert sandbox_status(home) == {}
        assert stop_sandbox(home) == {}
        assert other.poll() is None
        other.communicate(b"\n", timeout=10)


def test_a_killed_process_is_not_running_and_is_started_again(home: Path) -> None:
    first = start_sandbox(home, clouds=["aws"], seed="empty")["aws"]
    os.kill(first.pid, signal.SIGKILL)
    os.waitpid(first.pid, 0)
    assert sandbox_status(home) == {}
    assert start_sandbox(home, clouds=["aws"], seed="empty")["aws"].pid != first.pid


def test_a_process_that_hangs_is_stopped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.3)
    running = start_sandbox(home, clouds=["aws"], seed="empty")["aws"]
    os.kill(running.pid, signal.SIGSTOP)
    assert stop_sandbox(home) == {"aws": running}
    assert not alive(running.pid)


def test_unknown_clouds_and_seeds_are_refused(home: Path) -> None:
    with pytest.raises(InvalidRequest, match="no sandbox cloud 'mars'"):
        start_sandbox(home, clouds=["mars"])
    with pytest.raises(InvalidRequest, match="no sandbox seed 'jungle'"):
        start_sandbox(home, clouds=["aws"], seed="jungle")


def test_an_invalid_state_file_is_an_error(home: Path) -> None:
    (home / "sandbox.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"sandbox\.json"):
        sandbox_status(home)
    (home / "sandbox.json").unlink()


def test_the_users_environment_does_not_change_the_cloud(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "999999999999")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    running = start_sandbox(home, clouds=["aws"], seed="empty")["aws"]
    monkeypatch.delenv("http_proxy")
    assert client("sts", running.endpoint).get_caller_identity()["Account"] == "111122223333"

"""Flow runs are forked from a warm process: what they inherit, and what happens when it dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from skyclust_sandbox.processes import start_sandbox, stop_sandbox
from tests.fixtures.installation import CommandLine, kill, processes_of, running_installation
from tests.fixtures.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(600)]

IMAGE = "debian-12-amd64-20250814-2204"
CREATE = ["--credential", "aws", "--type", "t3.small", "--image", IMAGE, "--no-wait"]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A cloud whose instances take some time to come up, so that a run can be looked at."""
    home = tmp_path_factory.mktemp("cloud")
    cloud = start_sandbox(
        home, clouds=["aws"], seed="estate", options=["--transition-seconds", "15"]
    )["aws"]
    yield Sandbox(cloud.endpoint, cloud.pid)
    stop_sandbox(home)


@pytest.fixture(scope="module")
def forking(
    tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox, prefect_database: Path
) -> Iterator[CommandLine]:
    """An installation that is shared by these tests; each ends with a fork server that serves."""
    home = tmp_path_factory.mktemp("forking") / "home"
    with running_installation(home, prefect_database) as (skyclust, _):
        skyclust.add_account("aws", sandbox)
        yield skyclust


def test_a_run_inherits_nothing_of_the_fork_server(forking: CommandLine) -> None:
    server = _fork_server(forking)
    run_id = _create(forking, "inherits")
    [pid] = _wait(lambda: _forked(forking), 60, "the run has a process")

    status = _status(pid)
    assert int(status["PPid"]) == server
    assert os.getsid(pid) == os.getpgid(pid) == pid, "cancelling signals the run alone"
    assert Path(f"/proc/{pid}/cwd").readlink() != Path(f"/proc/{server}/cwd").readlink()
    assert not _shared_sockets(pid, server), "a run must not keep the worker's connection open"
    ignored = int(status["SigIgn"], 16)
    assert not ignored & (_bit(signal.SIGTERM) | _bit(signal.SIGINT))
    assert int(status["SigBlk"], 16) == 0
    assert status["Umask"] == "0077"
    _completes(forking, run_id)
    _wait(lambda: not _forked(forking), 30, "its process is gone, and is no zombie")


def test_runs_outlive_their_fork_server_and_later_ones_start_without_it(
    forking: CommandLine, sandbox: Sandbox
) -> None:
    before = sandbox.calls().get("RunInstances", 0)
    server = _fork_server(forking)
    first = _create(forking, "outlives")
    [pid] = _wait(lambda: _forked(forking), 60, "the run has a process")
    kill(server)
    second = _create(forking, "by-itself")
    [alone] = _wait(lambda: _by_themselves(forking), 60, "a run starts by itself")

    assert pid in _forked(forking), "the killed server takes no run with it"
    for run_id in (first, second):
        _completes(forking, run_id)
    _wait(lambda: not Path(f"/proc/{alone}").exists(), 30, "its process is gone")

    assert sandbox.calls()["RunInstances"] - before == 2
    assert sorted(_names(forking)) == sorted({*_names(forking)}), "each instance exists once"
    _has_fork_server_again(forking)


def test_a_run_is_begun_once_when_the_fork_server_hangs(
    forking: CommandLine, sandbox: Sandbox
) -> None:
    """The order lies in the connection of a stopped process; what is sent is not taken back."""
    before = sandbox.calls().get("RunInstances", 0)
    server = _fork_server(forking)
    os.kill(server, signal.SIGSTOP)
    run_id = _create(forking, "hangs")

    _completes(forking, run_id)

    assert not Path(f"/proc/{server}").exists(), "the worker ends a server that hangs, and reaps it"
    assert sandbox.calls()["RunInstances"] - before == 1
    assert [name for name in _names(forking) if name == "hangs"] == ["hangs"]
    _has_fork_server_again(forking)


def test_a_forked_run_that_is_killed_counts_as_crashed_at_once(forking: CommandLine) -> None:
    run_id = _create(forking, "killed")
    [pid] = _wait(lambda: _forked(forking), 60, "the run has a process")
    _wait(lambda: _state_of(forking, run_id) == "RUNNING", 60, "it runs")
    kill(pid)

    _wait(lambda: _state_of(forking, run_id) == "CRASHED", 30, "its end is reported")
    assert _has_fork_server_again(forking)


def test_the_fork_server_ends_with_its_worker(forking: CommandLine) -> None:
    server = _fork_server(forking)
    kill(forking.pid("worker"))
    _wait(lambda: not Path(f"/proc/{server}").exists(), 30, "it ends")
    back = forking("up", "--detach")
    assert back.returncode == 0, back.stderr
    assert _has_fork_server_again(forking) != server


def _create(skyclust: CommandLine, name: str) -> str:
    """Trigger the creation of an instance and return the id of its flow run."""
    return str(skyclust.json("instance", "create", name, *CREATE)["run_id"])


def _names(skyclust: CommandLine) -> list[str]:
    return [one["name"] for one in skyclust.json("instance", "list")]


def _processes(skyclust: CommandLine, module: str, *, name: str | None = None) -> list[int]:
    found = processes_of(skyclust.home)
    return [
        pid
        for pid, line in found.items()
        if module in line.partition(": ")[2] and (name is None or line.startswith(f"{name}:"))
    ]


def _forked(skyclust: CommandLine) -> list[int]:
    return _processes(skyclust, "orchestration.fork_server", name="prefect.engine")


def _by_themselves(skyclust: CommandLine) -> list[int]:
    return _processes(skyclust, "-m prefect.")


def _fork_server(skyclust: CommandLine) -> int:
    [pid] = [one for one in _processes(skyclust, "orchestration.fork_server")
             if one not in _forked(skyclust)]  # fmt: skip
    return pid


def _has_fork_server_again(skyclust: CommandLine) -> int:
    """Return the fork server, after a run that let the worker start one."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if _next_run_is_forked(skyclust):
            return _fork_server(skyclust)
    raise AssertionError("no run was forked again")


def _next_run_is_forked(skyclust: CommandLine) -> bool:
    run_id = str(skyclust.json("inventory", "sync", "--no-wait")["run_id"])
    over = {"COMPLETED", "FAILED", "CRASHED"}
    forked = False
    while _state_of(skyclust, run_id) not in over:
        forked = forked or bool(_forked(skyclust))
        time.sleep(0.1)
    return forked


def _completes(skyclust: CommandLine, run_id: str) -> None:
    _wait(lambda: _state_of(skyclust, run_id) == "COMPLETED", 180, "the run completes")


def _state_of(skyclust: CommandLine, run_id: str) -> str:
    answer = httpx.get(f"{skyclust.api_url}/flow_runs/{run_id}", auth=skyclust.auth, timeout=30)
    return str(answer.raise_for_status().json()["state_type"])


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _bit(number: signal.Signals) -> int:
    return 1 << (number - 1)


def _shared_sockets(one: int, other: int) -> set[str]:
    return _sockets(one) & _sockets(other)


def _sockets(pid: int) -> set[str]:
    links = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.add(str(entry.readlink()))
        except OSError:
            continue
    return {link for link in links if link.startswith("socket:")}


def _wait(good: Callable[[], Any], seconds: float, what: str) -> Any:
    """Return the first true answer of `good`."""
    end = time.monotonic() + seconds
    while not (answer := good()):
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.2)
    return answer

"""Killed at any point, an operation is known and finished within three minutes.

With Prefect's consumers of events dead too: neither automations nor heartbeats as events help.
"""

from __future__ import annotations

import json
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

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

WITHIN_SECONDS = 180.0
IMAGE = "debian-12-amd64-20250814-2204"

WITHOUT_EVENTS = {
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
}
"""The scheduler is off as well: what recovers is the loop alone."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A cloud whose machines take some time to come up."""
    home = tmp_path_factory.mktemp("cloud")
    cloud = start_sandbox(
        home, clouds=["aws"], seed="estate", options=["--transition-seconds", "20"]
    )["aws"]
    yield Sandbox(cloud.endpoint, cloud.pid)
    stop_sandbox(home)


@pytest.fixture(scope="module")
def lonely(
    tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox, prefect_database: Path
) -> Iterator[CommandLine]:
    """An installation whose Prefect has neither events nor a scheduler; shared by these tests."""
    home = tmp_path_factory.mktemp("lonely") / "home"
    with running_installation(home, prefect_database, **WITHOUT_EVENTS) as (skyclust, _):
        skyclust.add_account("aws", sandbox)
        yield skyclust


@pytest.mark.parametrize(
    "victims",
    [
        ["flow"],
        ["flow", "worker"],
        ["flow", "worker", "server"],
        ["flow", "worker", "server", "recovery"],
    ],
    ids="+".join,
)
def test_what_was_killed_is_finished_within_three_minutes(
    lonely: CommandLine, sandbox: Sandbox, victims: list[str]
) -> None:
    name = f"web-{len(victims)}"
    before = sandbox.calls().get("RunInstances", 0)
    _up(lonely)
    run_id = _create_and_wait_until_accepted(lonely, name)
    pids = _pids(lonely)
    assert pids["flow"], "the run has a process of its own"
    killed = time.monotonic()
    for victim in victims:
        for pid in pids[victim]:
            kill(pid)
    if "server" in victims:
        # Without it nothing can be finished; a worker that died is not needed.
        _up(lonely)

    left = WITHIN_SECONDS - (time.monotonic() - killed)
    _wait(lambda: _state(lonely, name) == "succeeded", left, "the operation is finished")

    machines = lonely.json("instance", "list", "--tag", f"drill={name}")
    assert [(one["name"], one["state"]) for one in machines] == [(name, "running")]
    assert sandbox.calls()["RunInstances"] - before == 1
    _wait(lambda: _run(lonely, run_id)["state_type"] == "CRASHED", 60, "the run is shown as dead")


def test_up_after_a_killed_server_leaves_the_worker_and_its_runs_alone(
    lonely: CommandLine, sandbox: Sandbox
) -> None:
    before_calls = sandbox.calls().get("RunInstances", 0)
    _up(lonely)
    run_id = _create_and_wait_until_accepted(lonely, "left-alone")
    before = _pids(lonely)
    address = lonely.api_url

    kill(before["server"][0])
    _up(lonely)
    after = _pids(lonely)

    assert lonely.api_url == address
    assert after["worker"] == before["worker"]
    assert after["recovery"] == before["recovery"]
    assert after["server"] != before["server"]
    _wait(lambda: _state(lonely, "left-alone") == "succeeded", WITHIN_SECONDS, "it is made")
    assert sandbox.calls()["RunInstances"] - before_calls == 1
    assert _owners(lonely, "left-alone") == [run_id], "nobody took it from the living run"


def test_a_loop_that_dies_is_named_and_comes_back_with_up(skyclust: CommandLine) -> None:
    with skyclust.start("up") as up:
        try:
            assert up.stderr is not None
            for line in up.stderr:
                if "Ctrl-C stops it." in line:
                    break
            kill(skyclust.pid("recovery"))
            _, said = up.communicate(timeout=120)
        finally:
            up.kill()

    assert up.returncode == 1
    assert "The recovery of http://127.0.0.1:" in said
    assert str(skyclust.home / "logs" / "recovery.log") in said
    assert processes_of(skyclust.home) == {}


def _up(skyclust: CommandLine) -> None:
    started = skyclust("up", "--detach", **WITHOUT_EVENTS)
    assert started.returncode == 0, started.stderr


def _create_and_wait_until_accepted(skyclust: CommandLine, name: str) -> str:
    options = ["--credential", "aws", "--type", "t3.small", "--image", IMAGE]
    with skyclust.start("instance", "create", name, *options, "--tag", f"drill={name}") as create:
        assert create.stderr is not None
        line = create.stderr.readline()
        create.send_signal(signal.SIGINT)
        create.communicate(timeout=60)
    # Before the cloud's answer is journalled, a second call with the same token would be right.
    _wait(lambda: _step(skyclust, name) == "accepted", 120, "the cloud accepted the request")
    return line.strip().rsplit("/", 1)[1]


def _pids(skyclust: CommandLine) -> dict[str, list[int]]:
    flows = [pid for pid, line in processes_of(skyclust.home).items() if "prefect.engine" in line]
    parts = {part: [skyclust.pid(part)] for part in ("server", "worker", "recovery")}
    return parts | {"flow": flows}


def _operation(skyclust: CommandLine, name: str) -> dict[str, Any] | None:
    found = [one for one in skyclust.json("operation", "list") if one["subject_name"] == name]
    return dict(found[0]) if found else None


def _state(skyclust: CommandLine, name: str) -> str:
    operation = _operation(skyclust, name)
    return operation["state"] if operation else ""


def _step(skyclust: CommandLine, name: str) -> str:
    operation = _operation(skyclust, name)
    return operation["step"] if operation else ""


def _owners(skyclust: CommandLine, name: str) -> list[str]:
    """The runs that ever wrote a line of the journal of this machine's operation."""
    operation = _operation(skyclust, name)
    assert operation is not None
    entries = skyclust.json("operation", "show", operation["id"])["entries"]
    return sorted({one["run_id"] for one in entries})


def _run(skyclust: CommandLine, run_id: str) -> Any:
    answer = httpx.get(f"{skyclust.api_url}/flow_runs/{run_id}", auth=skyclust.auth, timeout=30)
    return json.loads(answer.raise_for_status().text)


def _wait(good: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not good():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(1)

"""A run whose process and worker are killed does not stay Running."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments.automations import SILENT_AFTER
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.processes import start_sandbox, stop_sandbox
from tests.fixtures.installation import CommandLine, kill, processes_of
from tests.fixtures.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(600)]

GONE_WITHIN_SECONDS = 120
IMAGE = "debian-12-amd64-20250814-2204"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A cloud whose machines take long to come up."""
    home = tmp_path / "cloud"
    cloud = start_sandbox(
        home, clouds=["aws"], seed="estate", options=["--transition-seconds", "45"]
    )["aws"]
    yield Sandbox(cloud.endpoint, cloud.pid)
    stop_sandbox(home)


@pytest.fixture
def running(skyclust: CommandLine, sandbox: Sandbox) -> CommandLine:
    started = skyclust("up", "--detach")
    assert started.returncode == 0, started.stderr
    skyclust.add_account("aws", sandbox)
    return skyclust


def test_a_run_killed_with_its_worker_is_crashed_and_its_machine_is_finished(
    running: CommandLine, sandbox: Sandbox
) -> None:
    run_id = _create(running)
    # Before the cloud's answer is stored, recovery would rightly ask again with the same token.
    _wait(lambda: _machine_ids(running) != [], 60, "the cloud's answer is stored")
    _wait(lambda: _heartbeats(running, run_id) > 0, 30, "the run beats")
    worker = running.pid("worker")
    flows = [pid for pid, line in processes_of(running.home).items() if "prefect.engine" in line]
    killed = time.monotonic()
    for pid in (worker, *flows):
        kill(pid)
    back = running("up", "--detach")
    assert back.returncode == 0, back.stderr

    _wait(lambda: _run(running, run_id)["state_type"] == "CRASHED", 120, "it is marked crashed")
    crashed_after = time.monotonic() - killed
    _wait(lambda: _operations(running) == {"succeeded": 1}, 180, "recovery carried it on")

    assert flows, "the run had a process of its own"
    assert crashed_after < GONE_WITHIN_SECONDS
    assert "No heartbeat for" in _run(running, run_id)["state"]["message"]
    machines = running.json("instance", "list", "--tag", "drill=zombie")
    assert [(one["name"], one["state"]) for one in machines] == [("web", "running")]
    assert sandbox.calls()["RunInstances"] == 1


def test_a_run_killed_under_its_worker_is_recovered_at_once(
    running: CommandLine, sandbox: Sandbox
) -> None:
    run_id = _create(running)
    _wait(lambda: _operations(running) == {"running": 1}, 60, "the instance is requested")
    killed = time.monotonic()
    for pid, line in processes_of(running.home).items():
        if "prefect.engine" in line:
            kill(pid)

    _wait(lambda: _run(running, run_id)["state_type"] == "CRASHED", 30, "it is marked crashed")
    _wait(lambda: bool(_runs(running, "recover-operations")), 30, "recovery is requested")
    asked_after = time.monotonic() - killed
    _wait(lambda: _operations(running) == {"succeeded": 1}, 180, "recovery carried it on")

    assert asked_after < 60


def test_a_run_killed_with_its_worker_before_it_began_does_not_stay_pending(
    running: CommandLine, sandbox: Sandbox
) -> None:
    _hasten(running, "skyclust: mark runs that never began as crashed", seconds=20)
    options = ["--credential", "aws", "--type", "t3.small", "--image", IMAGE]
    with running.start("instance", "create", "web", *options) as create:
        assert create.stderr is not None
        run_id = create.stderr.readline().strip().rsplit("/", 1)[1]
        _wait(lambda: _run(running, run_id)["state_type"] == "PENDING", 60, "a worker takes it")
        kill(running.pid("worker"))
        for pid, line in processes_of(running.home).items():
            if "prefect.engine" in line or "prefect.flow_engine" in line:
                kill(pid)
        assert _run(running, run_id)["state_type"] == "PENDING"
        back = running("up", "--detach")
        assert back.returncode == 0, back.stderr

        _, said = create.communicate(timeout=120)

    assert create.returncode == 1
    assert "Nothing was done; run it again." in said
    assert "The recovery carries on" not in said
    assert "RunInstances" not in sandbox.calls()


def test_down_also_ends_the_runs_of_a_worker_that_was_killed(running: CommandLine) -> None:
    _create(running)
    _wait(lambda: _operations(running) == {"running": 1}, 60, "the instance is requested")
    kill(running.pid("worker"))

    running("down")

    assert processes_of(running.home) == {}


def test_a_long_run_that_is_alive_is_left_alone(running: CommandLine, sandbox: Sandbox) -> None:
    """Longer than the silence that counts as death, so only its heartbeats keep it alive."""
    sandbox.inject(Fault(kind=FaultKind.DELAY, action="RunInstances", seconds=60, times=1))

    run_id = _create(running)
    _wait(lambda: _run(running, run_id)["state"]["type"] == "COMPLETED", 240, "it completes")

    states = [one["type"] for one in _states(running, run_id)]
    assert "CRASHED" not in states
    assert _run(running, run_id)["total_run_time"] > SILENT_AFTER.total_seconds()
    assert _heartbeats(running, run_id) >= 3


def _create(skyclust: CommandLine) -> str:
    """Ask for a machine, and let go of the run as soon as it is on its way."""
    options = ["--credential", "aws", "--type", "t3.small", "--image", IMAGE]
    with skyclust.start("instance", "create", "web", *options, "--tag", "drill=zombie") as create:
        assert create.stderr is not None
        line = create.stderr.readline()
        create.send_signal(signal.SIGINT)
        create.communicate(timeout=60)
    return line.strip().rsplit("/", 1)[1]


def _hasten(skyclust: CommandLine, automation: str, *, seconds: int) -> None:
    """Let an automation act after a shorter silence."""
    with httpx.Client(base_url=skyclust.api_url, auth=skyclust.auth, timeout=30) as api:
        query = {"automations": {"name": {"any_": [automation]}}}
        [found] = api.post("/automations/filter", json=query).raise_for_status().json()
        found["trigger"]["within"] = seconds
        kept = ("name", "description", "enabled", "trigger", "actions", "tags")
        changed = {name: found[name] for name in kept}
        api.put(f"/automations/{found['id']}", json=changed).raise_for_status()


def _operations(skyclust: CommandLine) -> dict[str, int]:
    states = [one["state"] for one in skyclust.json("operation", "list")]
    return {state: states.count(state) for state in states}


def _machine_ids(skyclust: CommandLine) -> list[str]:
    listed = skyclust.json("operation", "list")
    return [one["subject_id"] for one in listed if one["subject_id"]]


def _run(skyclust: CommandLine, run_id: str) -> Any:
    answer = httpx.get(f"{skyclust.api_url}/flow_runs/{run_id}", auth=skyclust.auth, timeout=30)
    return answer.raise_for_status().json()


def _states(skyclust: CommandLine, run_id: str) -> Any:
    answer = httpx.get(
        f"{skyclust.api_url}/flow_run_states/",
        params={"flow_run_id": run_id},
        auth=skyclust.auth,
        timeout=30,
    )
    return answer.raise_for_status().json()


def _runs(skyclust: CommandLine, flow: str) -> Any:
    query = {"flows": {"name": {"any_": [flow]}}}
    answer = httpx.post(
        f"{skyclust.api_url}/flow_runs/filter", json=query, auth=skyclust.auth, timeout=30
    )
    return [run for run in answer.raise_for_status().json() if run["state_type"] != "SCHEDULED"]


def _heartbeats(skyclust: CommandLine, run_id: str) -> int:
    query = {
        "filter": {
            "event": {"name": ["prefect.flow-run.heartbeat"]},
            "resource": {"id": [f"prefect.flow-run.{run_id}"]},
        }
    }
    answer = httpx.post(
        f"{skyclust.api_url}/events/filter", json=query, auth=skyclust.auth, timeout=30
    )
    return int(answer.raise_for_status().json()["total"])


def _wait(good: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not good():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.5)

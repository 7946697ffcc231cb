"""What keeps a run from starting is named while somebody waits, and a run is found again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from skyclust.embedded.run_obstacles import obstacles, worker_that_ended
from skyclust.embedded.runtime import Runtime, write_runtime
from skyclust.embedded.worker import FLOW_RUNS_AT_ONCE
from tests.fixtures.machine_speed import bound
from tests.fixtures.prefect import PrefectServer
from tests.integration.runtime.bootstrapping import ok

pytestmark = pytest.mark.integration

POOL = "/work_pools/skyclust"
QUEUE = f"{POOL}/queues/recovery"
DEPLOYMENT = "recover-operations/recover-operations"
WORKER = "embedded-test"


@pytest.fixture
def look(api: httpx.Client, prefect_server: PrefectServer) -> Iterator[Callable[[], str]]:
    """What is in the way of a recovery, with a worker that the server hears of."""
    beat = {"name": WORKER, "heartbeat_interval_seconds": 600}
    ok(api.post(f"{POOL}/workers/heartbeat", json=beat))
    # By its poll the server knows that somebody listens to the queue.
    ok(api.post(f"{POOL}/get_scheduled_flow_runs", json={"work_queue_names": ["recovery"]}))
    yield lambda: " ".join(obstacles(prefect_server.api_url, DEPLOYMENT))
    ok(api.delete(f"{POOL}/workers/{WORKER}"))


@contextmanager
def changed(api: httpx.Client, path: str, **values: object) -> Iterator[None]:
    """Change a pool, a queue or a deployment, and change it back."""
    before = ok(api.get(path))
    ok(api.patch(path, json=values))
    try:
        yield
    finally:
        ok(api.patch(path, json={name: before.get(name) for name in values}))


@contextmanager
def at_work(api: httpx.Client, number: int) -> Iterator[None]:
    """Runs of the deployment that are at work, as far as the server knows."""
    made = []
    try:
        for _ in range(number):
            made.append(trigger(api))
            # As a worker does: with this state a run takes its place.
            ok(api.post(f"/flow_runs/{made[-1]}/set_state", json={"state": {"type": "PENDING"}}))
        yield
    finally:
        for run in made:
            ok(api.post(f"/flow_runs/{run}/set_state", json={"state": {"type": "CANCELLED"}}))


def trigger(api: httpx.Client) -> str:
    deployment = ok(api.get(f"/deployments/name/{DEPLOYMENT}"))["id"]
    run = ok(api.post(f"/deployments/{deployment}/create_flow_run", json={}))
    return str(run["id"])


def test_each_limit_that_is_reached_is_named(api: httpx.Client, look: Callable[[], str]) -> None:
    deployment = f"/deployments/{ok(api.get(f'/deployments/name/{DEPLOYMENT}'))['id']}"
    free = look()
    with at_work(api, 1):
        with changed(api, POOL, concurrency_limit=1):
            pool = look()
        with changed(api, QUEUE, concurrency_limit=1):
            queue = look()
        with changed(api, POOL, concurrency_limit=50):
            room = look()
    with changed(api, deployment, concurrency_limit=1), at_work(api, 1):
        own = look()
    with at_work(api, FLOW_RUNS_AT_ONCE):
        worker = look()

    assert (free, room) == ("", "")
    assert "1 run is at work, as many as the limit of work pool 'skyclust' admits" in pool
    assert "/work-pools/work-pool/skyclust" in pool
    assert "as the limit of work queue 'recovery' of 'skyclust' admits" in queue
    assert "as the limit of deployment 'recover-operations' admits" in own
    assert f"{FLOW_RUNS_AT_ONCE} runs are at work, as many as the worker takes at once" in worker


def test_a_queue_that_is_paused_meanwhile_is_named_within_seconds(
    api: httpx.Client, prefect_server: PrefectServer, skyclust_home: Path
) -> None:
    """Nobody serves the pool: the run waits, and the command looks on."""
    command = [sys.executable, "-m", "skyclust.cli.main", "operation", "recover"]
    with subprocess.Popen(
        command,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as waiting:
        try:
            run_id = _line(waiting, "Flow run: ").rsplit("/", 1)[1]
            _line(waiting, "No worker listens to work pool 'skyclust'")
            with changed(api, QUEUE, is_paused=True):
                paused_at = time.monotonic()
                named = _line(waiting, "The work queue 'recovery' of 'skyclust' is paused")
                seconds = time.monotonic() - paused_at
            ok(api.post(f"/flow_runs/{run_id}/set_state", json={"state": {"type": "COMPLETED"}}))
            _, rest = waiting.communicate(timeout=120)
        finally:
            waiting.kill()

    assert "resume it at" in named
    assert seconds < bound(4.0)
    assert waiting.returncode == 0, rest


def test_a_worker_that_ended_is_named_before_the_server_misses_it(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as child:
        mark = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
        worker = {"pid": child.pid, "started": mark, "log": tmp_path / "worker.log"}
        runtime = Runtime.model_validate({"api_url": "http://here/api", "worker": worker})
        write_runtime(tmp_path, runtime)
        alive = worker_that_ended(tmp_path, "http://here/api")
        child.kill()
    ended = worker_that_ended(tmp_path, "http://here/api")

    assert alive == []
    assert "has ended: `skyclust up --detach` starts it again" in ended[0]
    assert worker_that_ended(tmp_path, "http://elsewhere/api") == []
    assert worker_that_ended(tmp_path / "no-home", "http://here/api") == []


def test_a_run_is_triggered_left_and_found_again(
    api: httpx.Client, skyclust_home: Path, tmp_path: Path
) -> None:
    left = _skyclust("operation", "recover", "--no-wait")
    run_id = left.stdout.strip()
    as_json = json.loads(_skyclust("operation", "recover", "--no-wait", "--json").stdout)
    both = _skyclust("operation", "recover", "--no-wait", "--local")
    shown = _skyclust("run", "show", run_id, "--json")
    waited = _skyclust("run", "wait", run_id, "--timeout", "0")
    _end(api, run_id, "COMPLETED", "No operation needs recovery.")
    ended = _skyclust("run", "wait", run_id, "--json")
    killed = "It exited with status code -9. Perhaps the memory."
    _end(api, as_json["run_id"], "CRASHED", killed)
    never_begun = _skyclust("run", "show", as_json["run_id"])
    _end(api, as_json["run_id"], "RUNNING", "")
    _end(api, as_json["run_id"], "CRASHED", killed)
    crashed = _skyclust("run", "show", as_json["run_id"][:8])
    unknown = _skyclust("run", "show", "not-an-id")

    assert left.returncode == 0
    assert left.stdout == f"{run_id}\n"
    assert f"skyclust run wait {run_id}" in left.stderr
    assert "The run waits. No worker listens" in left.stderr
    assert set(as_json) == {"run_id", "name", "url"}
    assert both.returncode == 2
    assert "--no-wait does not go with --local" in both.stderr
    assert (json.loads(shown.stdout)["state"], shown.returncode) == ("Scheduled", 0)
    assert waited.returncode == 124
    assert "It goes on" in waited.stderr
    assert (json.loads(ended.stdout)["state"], ended.returncode) == ("Completed", 0)
    assert (never_begun.returncode, crashed.returncode) == (1, 1)
    assert "Nothing was done; run it again." in never_begun.stderr
    assert "The recovery carries on" not in never_begun.stderr
    assert "The recovery carries on" in crashed.stderr
    assert "before the run did: It exited with status code -9." in crashed.stderr
    assert "memory" not in crashed.stderr
    assert unknown.returncode == 4


def _end(api: httpx.Client, run_id: str, state: str, message: str) -> None:
    wanted: dict[str, Any] = {"state": {"type": state, "message": message}, "force": True}
    ok(api.post(f"/flow_runs/{run_id}/set_state", json=wanted))


def _skyclust(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "skyclust.cli.main", *arguments],
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _line(process: subprocess.Popen[str], words: str) -> str:
    said = ""
    for line in process.stderr or ():
        said += line
        if words in line:
            return line.strip()
    pytest.fail(f"it never said {words!r}: {said}")

"""`skyclust status` looks for what must happen by itself, and says so when it does not."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.fixtures.installation import CommandLine, kill, running_installation
from tests.fixtures.prefect_api import patient_client

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

SECONDS = 300.0
"""For what the schedules bring within two minutes, on a computer that does much besides."""

QUEUE = "/work_pools/skyclust/queues"


WITHOUT_SCHEDULER = {
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """An installation as `skyclust up` leaves it, shared by these tests."""
    home = tmp_path_factory.mktemp("status") / "home"
    with running_installation(home, None) as (command_line, _):
        yield command_line


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """One whose Prefect server answers, and neither plans runs nor reacts to events."""
    home = tmp_path_factory.mktemp("status") / "home"
    with running_installation(home, None, **WITHOUT_SCHEDULER) as (command_line, _):
        yield command_line


def test_on_a_fresh_installation_the_schedules_run_by_themselves(fresh: CommandLine) -> None:
    with patient_client(fresh) as api:
        sync = api.get("/deployments/name/sync-inventory/sync-inventory").json()
        # As somebody adds one in the UI; its own comes once an hour.
        often = [{"schedule": {"interval": 20}, "active": True}]
        added = api.post(f"/deployments/{sync['id']}/schedules", json=often).raise_for_status()

        _wait(lambda: _scheduled(api, "recover-operations") != [], "a scheduled recovery completes")
        _wait(lambda: _scheduled(api, "sync-inventory") != [], "a scheduled sync completes")
        api.delete(f"/deployments/{sync['id']}/schedules/{added.json()[0]['id']}")

    _wait(lambda: fresh("status").returncode == 0, "all is well")
    rows = _status(fresh)
    assert {name: row["state"] for name, row in rows.items()} == {
        "server": "running",
        "worker": "running",
        "recovery": "running",
        "encryption key": "ok",
        "auth string": "ok",
        "scheduler": "ok",
        "late runs": "ok",
        "work pool": "ok",
        "workers": "ok",
        "last recovery": "ok",
        "event consumer": "ok",
        "automations": "ok",
        "open operations": "none",
    }
    assert "No operation needs recovery." in rows["last recovery"]["detail"]


def test_a_server_that_plans_nothing_is_told_with_exit_code_7(idle: CommandLine) -> None:
    with patient_client(idle) as api:
        assert api.get("/health").json() is True

    _wait(lambda: _status(idle)["scheduler"]["state"] == "not planned", "no run is planned")
    ended = idle("status")
    rows = _status(idle)

    assert ended.returncode == 7
    assert "recover-operations (every 120 s)" in rows["scheduler"]["detail"]
    assert "scheduler of the Prefect server does not work" in rows["scheduler"]["detail"]
    assert "not planned" in ended.stdout
    assert rows["automations"]["state"] == "silent"
    assert (rows["event consumer"]["state"], rows["server"]["state"]) == ("ok", "running")


def test_events_that_nobody_stores_are_told(idle: CommandLine) -> None:
    kill(idle.pid("server"))
    up = idle("up", "--detach", PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED="false")
    assert up.returncode == 0, up.stderr

    _wait(lambda: _status(idle)["event consumer"]["state"] == "lost", "the probe is lost")

    assert idle("status").returncode == 7


def test_what_is_paused_is_named_wherever_somebody_waits(fresh: CommandLine) -> None:
    with patient_client(fresh) as api:
        api.patch(f"{QUEUE}/default", json={"is_paused": True}).raise_for_status()
        status = fresh("status", "--json")
        up = fresh("up", "--detach")
        with fresh.start("inventory", "sync") as sync:
            said = _read_until(sync, "The run waits.")
            api.patch(f"{QUEUE}/default", json={"is_paused": False}).raise_for_status()
            _, rest = sync.communicate(timeout=SECONDS)

    sentence = "The work queue 'default' of 'skyclust' is paused: resume it at"
    page = "/work-pools/work-pool/skyclust/queue/default"
    assert status.returncode == 7
    pool = next(row for row in json.loads(status.stdout) if row["part"] == "work pool")
    assert pool["state"] == "paused"
    for told in (pool["detail"], up.stderr, said):
        assert sentence in told
        assert f"{fresh.api_url.removesuffix('/api')}{page}" in told
    assert sync.returncode == 0, rest


def test_a_recovery_that_is_paused_is_no_health(fresh: CommandLine) -> None:
    named = "/deployments/name/recover-operations/recover-operations"
    with patient_client(fresh) as api:
        recovery = api.get(named).raise_for_status().json()["id"]
        api.post(f"/deployments/{recovery}/pause_deployment").raise_for_status()
        paused = fresh("status")
        rows = _status(fresh)
        api.post(f"/deployments/{recovery}/resume_deployment").raise_for_status()

    assert paused.returncode == 7
    assert rows["scheduler"]["state"] == "paused"
    assert "recover-operations" in rows["scheduler"]["detail"]


def test_an_hour_of_pause_ends_with_one_run(fresh: CommandLine) -> None:
    """The pause is short, and the schedule so quick that as many runs wait: thirty."""
    with patient_client(fresh) as api:
        recovery = api.get("/deployments/name/recover-operations/recover-operations").json()
        schedules = f"/deployments/{recovery['id']}/schedules"
        api.patch(f"{QUEUE}/recovery", json={"is_paused": True}).raise_for_status()
        often = [{"schedule": {"interval": 2}, "active": True}]
        added = api.post(schedules, json=often).raise_for_status().json()[0]
        _wait(lambda: len(_superseded(api)) >= 30, "runs pile up and are dropped")
        api.delete(f"{schedules}/{added['id']}").raise_for_status()
        _wait(lambda: len(_due(api)) == 1, "one run is left")
        [left] = _due(api)
        resumed = datetime.now(UTC)
        api.patch(f"{QUEUE}/recovery", json={"is_paused": False}).raise_for_status()
        _wait(lambda: _run(api, left)["state_type"] == "COMPLETED", "it does what all would")
        began = _begun_since(api, resumed)

    # The regular schedule may have had its turn meanwhile.
    assert left in began
    assert len(began) <= 2


def test_without_a_worker_the_command_says_so_at_once(fresh: CommandLine) -> None:
    kill(fresh.pid("worker"))
    _wait(lambda: _status(fresh)["workers"]["state"] == "none", "the server misses the worker")
    with fresh.start("inventory", "sync") as sync:
        said = _read_until(sync, "The run waits.")
        sync.send_signal(signal.SIGINT)
        sync.communicate(timeout=60)
    ended = fresh("status")
    up = fresh("up", "--detach")

    assert "The worker that `skyclust up` started has ended" in said
    assert ended.returncode == 7
    assert up.returncode == 0, up.stderr


def _status(skyclust: CommandLine) -> dict[str, dict[str, Any]]:
    return {row["part"]: row for row in json.loads(skyclust("status", "--json").stdout)}


def _scheduled(api: httpx.Client, flow: str) -> list[Any]:
    """Runs that a schedule made and that completed by themselves."""
    query = {
        "flows": {"name": {"any_": [flow]}},
        "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
    }
    found = api.post("/flow_runs/filter", json=query).raise_for_status().json()
    return [
        run for run in found if run["auto_scheduled"] and run["created_by"]["type"] == "SCHEDULE"
    ]


def _recoveries(api: httpx.Client, **state: list[str]) -> list[Any]:
    query = {
        "flows": {"name": {"any_": ["recover-operations"]}},
        "flow_runs": {"state": {name: {"any_": values} for name, values in state.items()}},
        "limit": 200,
    }
    return list(api.post("/flow_runs/filter", json=query).raise_for_status().json())


def _superseded(api: httpx.Client) -> list[str]:
    return [run["id"] for run in _recoveries(api, name=["Superseded"])]


def _due(api: httpx.Client) -> list[str]:
    now = datetime.now(UTC)
    return [
        run["id"]
        for run in _recoveries(api, type=["SCHEDULED"])
        if datetime.fromisoformat(run["expected_start_time"]) <= now
    ]


def _begun_since(api: httpx.Client, moment: datetime) -> list[str]:
    begun = _recoveries(api, type=["PENDING", "RUNNING", "COMPLETED", "FAILED", "CRASHED"])
    return [
        run["id"]
        for run in begun
        if run["start_time"] and datetime.fromisoformat(run["start_time"]) > moment
    ]


def _run(api: httpx.Client, run_id: str) -> Any:
    return api.get(f"/flow_runs/{run_id}").raise_for_status().json()


def _read_until(process: subprocess.Popen[str], words: str) -> str:
    said = ""
    for line in process.stderr or ():
        said += line
        if words in line:
            return said
    pytest.fail(f"it never said {words!r}: {said}")


def _wait(good: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + SECONDS
    while not good():
        assert time.monotonic() < end, f"not within {SECONDS:.0f} s: {what}"
        time.sleep(1)

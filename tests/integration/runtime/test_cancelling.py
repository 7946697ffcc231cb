"""A run that somebody cancels in the UI leaves no machine, and says what became of it."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.fixtures.installation import CommandLine, processes_of
from tests.fixtures.sandbox import Sandbox
from tests.integration.runtime.test_zombies import (
    _create,
    _operations,
    _run,
    _wait,
    running,
    sandbox,
)

__all__ = ["running", "sandbox"]

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(600)]


def tell(skyclust: CommandLine, method: str, path: str, content: Any) -> Any:
    """Send a request to the Prefect server until its SQLite has time for it."""
    for _ in range(30):
        answer = httpx.request(
            method, f"{skyclust.api_url}{path}", json=content, auth=skyclust.auth, timeout=30
        )
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        time.sleep(1)
    return answer.raise_for_status().json() if answer.content else None


def cancel(skyclust: CommandLine, run_id: str) -> None:
    """Do what *Cancel* in the UI does."""
    asked = {"state": {"type": "CANCELLING", "name": "Cancelling"}, "force": False}
    tell(skyclust, "POST", f"/flow_runs/{run_id}/set_state", asked)


def test_a_machine_of_a_cancelled_run_is_deleted_again(
    running: CommandLine, sandbox: Sandbox
) -> None:
    run_id = _create(running)
    _wait(lambda: _operations(running) == {"running": 1}, 60, "the machine is asked for")
    _wait(lambda: sandbox.calls().get("RunInstances", 0) == 1, 30, "it is being made")
    cancel(running, run_id)

    _wait(lambda: _run(running, run_id)["state"]["type"] == "CANCELLED", 40, "it is cancelled")
    flows = [pid for pid, line in processes_of(running.home).items() if run_id in line]
    _wait(
        lambda: _operations(running) == {"rolled-back": 1}, 240, "what it had begun is rolled back"
    )

    assert flows == []
    assert running.json("instance", "list") == []
    assert sandbox.calls()["RunInstances"] == 1
    [operation] = running.json("operation", "list")
    assert operation["cancel_requested_by"] == f"whoever cancelled flow-run:{run_id}"
    said = _run(running, run_id)["state"]["message"]
    assert said == "Cancelled; of its operations: 1 rolled-back."


def test_a_run_that_was_never_begun_makes_nothing(running: CommandLine, sandbox: Sandbox) -> None:
    tell(running, "PATCH", "/work_pools/skyclust", {"is_paused": True})
    run_id = _create(running)
    cancel(running, run_id)
    assert _run(running, run_id)["state"]["type"] == "CANCELLED"
    tell(running, "PATCH", "/work_pools/skyclust", {"is_paused": False})
    recovered = running.json("operation", "recover", "--local")

    assert recovered["message"] == "No operation needs recovery."
    assert _operations(running) == {}
    assert "RunInstances" not in sandbox.calls()

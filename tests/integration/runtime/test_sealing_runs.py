"""Saving many credentials at once is followed by one sealing run, not by one a credential."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.fixtures.installation import CommandLine
from tests.fixtures.prefect_api import patient_client

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(600)]

CREDENTIALS = 10

ADD = f"""
from skyclust.orchestration.credentials import save_credential
from skyclust.store.engine import open_store
for number in range({CREDENTIALS}):
    values = {{"access_key_id": "sandbox", "secret_access_key": f"secret-{{number}}-of-many"}}
    save_credential(open_store(), "sealing", f"account-{{number}}", "aws", values)
"""

QUIET_SECONDS = 60.0
"""Ten for the automation, the others for a run to come and go on a busy computer."""


def test_a_rotation_of_ten_credentials_starts_one_sealing_run(installed: CommandLine) -> None:
    assert installed("workspace", "add", "sealing").returncode == 0
    environment = installed.environment(**installed.address())
    subprocess.run([sys.executable, "-c", ADD], env=environment, check=True, timeout=240)
    with patient_client(installed) as api:
        _wait_until_quiet(api)
        before = datetime.now(UTC)

        rotated = installed.json("key", "rotate")
        _wait_until_quiet(api)
        since_rotation = _begun_since(api, before)

    assert rotated["resealed"] >= CREDENTIALS
    by_automation = [run for run in since_rotation if not run["auto_scheduled"]]
    assert len(by_automation) == 1, json.dumps(by_automation)


def _wait_until_quiet(api: httpx.Client) -> None:
    """Wait until no sealing run waits or works, for so long that none comes any more."""
    quiet_since = time.monotonic()
    end = quiet_since + 400
    while time.monotonic() - quiet_since < QUIET_SECONDS:
        if _unfinished(api):
            quiet_since = time.monotonic()
        assert time.monotonic() < end, "sealing runs never ended"
        time.sleep(2)


def _unfinished(api: httpx.Client) -> list[Any]:
    now = datetime.now(UTC)
    return [
        run
        for run in _runs(api, ["SCHEDULED", "PENDING", "RUNNING"])
        if datetime.fromisoformat(run["expected_start_time"]) <= now
    ]


def _begun_since(api: httpx.Client, moment: datetime) -> list[Any]:
    return [
        run
        for run in _runs(api, ["COMPLETED", "FAILED", "CRASHED"])
        if datetime.fromisoformat(run["start_time"]) > moment
    ]


def _runs(api: httpx.Client, states: list[str]) -> list[Any]:
    query = {
        "flows": {"name": {"any_": ["seal-credentials"]}},
        "flow_runs": {"state": {"type": {"any_": states}}},
        "limit": 200,
    }
    return list(api.post("/flow_runs/filter", json=query).raise_for_status().json())

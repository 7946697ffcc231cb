"""`python -m benchmarks`, small: it measures, and what it measures is true."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.timeout(900),
]

INSTANCES = 170
TASKS = 20
MACHINES = 60
COST_ROWS = 3_100


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    size = ["--instances", str(INSTANCES), "--tasks", str(TASKS), "--triggers", "1"]
    size += ["--reads", "1", "--machines", str(MACHINES), "--series", "14"]
    size += ["--cost-rows", str(COST_ROWS)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *size],
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def test_a_sync_stores_everything_and_is_compared(figures: dict[str, Any]) -> None:
    sync = figures["sync"]
    assert sync["instances_stored"] == sync["bare_boto3"]["instances"] == INSTANCES
    assert sync["regions"] == 17
    assert sync["first"]["seconds"] > 0
    assert sync["first"]["peak_mib"] > 0
    assert sync["times_bare_boto3"] > 0


def test_an_unchanged_sync_writes_no_row(figures: dict[str, Any]) -> None:
    assert figures["sync"]["second_wrote_rows"] is False


def test_tasks_are_measured(figures: dict[str, Any]) -> None:
    assert figures["tasks"]["tasks"] == TASKS
    assert figures["tasks"]["milliseconds_per_task"] > 0


def test_the_wait_for_a_run_is_measured(figures: dict[str, Any]) -> None:
    wait = figures["trigger_to_running"]
    assert 0 < wait["median_seconds"] <= wait["p95_seconds"] <= wait["slowest_seconds"]


def test_each_read_command_is_measured(figures: dict[str, Any]) -> None:
    assert "instance list" in figures["read_commands"]
    for cost in figures["read_commands"].values():
        assert cost["cpu_seconds"] > 0
        assert cost["seconds"] > 0


def test_forecasts_and_anomalies_are_scored(figures: dict[str, Any]) -> None:
    together = figures["forecasts"]["beside_holt_winters"]["together"]
    assert sorted(together["mase"]) == ["damped_holt_winters", "seasonal_naive", "skyclust"]
    assert figures["anomalies"]["planted"] > 0


def test_an_import_of_costs_is_compared_and_one_changed_day_is_written(
    figures: dict[str, Any],
) -> None:
    costs = figures["costs"]
    assert costs["rows"] == costs["breakdown"]["rows"] == COST_ROWS
    assert costs["times_postgresql_copy"] > 0
    assert costs["changed_days"] == ["2026-01-12"]
    assert costs["unchanged_days"] == 30
    assert costs["plain_file"]["complete"]
    for answer in costs["free_columns"].values():
        assert answer["rows"] == 10 * 30 * COST_ROWS // 31


def test_every_cloud_is_listed_by_its_sdk_and_by_us(figures: dict[str, Any]) -> None:
    assert sorted(figures["listings"]) == ["aws", "azure", "gcp", "openstack", "proxmox"]
    for listing in figures["listings"].values():
        assert listing["complete"]
        assert listing["machines"] == listing["bare"]["machines"] >= MACHINES
        assert listing["times_bare"] > 0

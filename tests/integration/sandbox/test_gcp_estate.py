"""The seeded estate of the sandbox GCP: large, varied, and the same in every run."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from skyclust_sandbox.gcp.estate import SITES, plan_instances
from skyclust_sandbox.gcp.machine_types import machine_types
from tests.fixtures.gcp import GcpSandbox
from tests.fixtures.machine_speed import bound
from tests.integration.sandbox.gcp import Caller, caller

pytestmark = pytest.mark.integration


def every(calls: Caller, noun: str) -> list[Any]:
    scopes = calls.get(f"/aggregated/{noun}")["items"]
    return [one for part in scopes.values() for one in part.get(noun, ())]


def test_hundreds_of_machines_in_several_regions(gcp_estate: GcpSandbox) -> None:
    found = every(caller(gcp_estate), "instances")
    assert len(found) >= 300
    zones = {one["zone"].rpartition("/")[2] for one in found}
    assert {zone.rpartition("-")[0] for zone in zones} == set(SITES)
    states = Counter(one["status"] for one in found)
    assert set(states) == {"RUNNING", "TERMINATED"}
    assert states["TERMINATED"] >= 20
    made = [datetime.fromisoformat(one["creationTimestamp"]) for one in found]
    assert min(made) < datetime.now(UTC) - timedelta(days=365)
    addresses = [one["networkInterfaces"][0]["networkIP"] for one in found]
    assert len(set(addresses)) == len(addresses)


def test_there_is_something_to_clean_up(gcp_estate: GcpSandbox) -> None:
    calls = caller(gcp_estate)
    disks = every(calls, "disks")
    assert sum("users" not in one for one in disks) >= 20
    addresses = every(calls, "addresses")
    assert sum(one["status"] == "RESERVED" for one in addresses) == 3 * len(SITES)
    machines = every(calls, "instances")
    assert any("labels" not in one for one in machines)
    assert any(one["scheduling"]["provisioningModel"] == "SPOT" for one in machines)
    assert len(calls.get("/global/snapshots")["items"]) >= 200
    assert [one["name"] for one in calls.get("/regions/europe-west3/targetPools")["items"]] == [
        "legacy-intranet"
    ]


def test_what_is_attached_agrees(gcp_estate: GcpSandbox) -> None:
    calls = caller(gcp_estate)
    users = {one["selfLink"]: one.get("users", []) for one in every(calls, "disks")}
    for machine in every(calls, "instances"):
        for disk in machine["disks"]:
            assert users[disk["source"]] == [machine["selfLink"]]


def test_every_planned_machine_could_be_made_there() -> None:
    for machine in plan_instances():
        assert machine.machine_type in machine_types("sandbox-project", machine.zone)


def test_the_estate_is_the_same_in_every_run_and_ready_at_once(gcp_estate: GcpSandbox) -> None:
    calls = caller(gcp_estate)

    def known() -> dict[str, str]:
        return {one["id"]: one["selfLink"] for one in every(calls, "instances")}

    first = known()
    started = time.monotonic()
    gcp_estate.reset("estate")
    assert time.monotonic() - started < bound(2)
    assert known() == first


def test_machines_of_the_estate_can_be_stopped_and_deleted(gcp_estate: GcpSandbox) -> None:
    calls = caller(gcp_estate)
    running = next(one for one in every(calls, "instances") if one["status"] == "RUNNING")
    path = running["selfLink"].partition(f"/projects/{calls.project}")[2]
    calls.change("POST", f"{path}/stop")
    calls.change("DELETE", path)
    assert calls.call("GET", path).status == 404

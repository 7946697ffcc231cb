"""The seeded estate of the sandbox GCP: many resources of all kinds, the same in every run."""

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
from tests.integration.sandbox.gcp import ComputeClient, compute_client

pytestmark = pytest.mark.integration


def list_all(client: ComputeClient, collection: str) -> list[Any]:
    scopes = client.get(f"/aggregated/{collection}")["items"]
    return [resource for part in scopes.values() for resource in part.get(collection, ())]


def test_hundreds_of_instances_in_several_regions(gcp_estate: GcpSandbox) -> None:
    instances = list_all(compute_client(gcp_estate), "instances")
    assert len(instances) >= 300
    zones = {instance["zone"].rpartition("/")[2] for instance in instances}
    assert {zone.rpartition("-")[0] for zone in zones} == set(SITES)
    states = Counter(instance["status"] for instance in instances)
    assert set(states) == {"RUNNING", "TERMINATED"}
    assert states["TERMINATED"] >= 20
    created = [datetime.fromisoformat(instance["creationTimestamp"]) for instance in instances]
    assert min(created) < datetime.now(UTC) - timedelta(days=365)
    addresses = [instance["networkInterfaces"][0]["networkIP"] for instance in instances]
    assert len(set(addresses)) == len(addresses)


def test_the_estate_has_unused_resources(gcp_estate: GcpSandbox) -> None:
    client = compute_client(gcp_estate)
    disks = list_all(client, "disks")
    assert sum("users" not in disk for disk in disks) >= 20
    addresses = list_all(client, "addresses")
    assert sum(address["status"] == "RESERVED" for address in addresses) == 3 * len(SITES)
    instances = list_all(client, "instances")
    assert any("labels" not in instance for instance in instances)
    assert any(instance["scheduling"]["provisioningModel"] == "SPOT" for instance in instances)
    assert len(client.get("/global/snapshots")["items"]) >= 200
    assert [pool["name"] for pool in client.get("/regions/europe-west3/targetPools")["items"]] == [
        "legacy-intranet"
    ]


def test_the_users_of_disks_are_the_instances_that_they_are_attached_to(
    gcp_estate: GcpSandbox,
) -> None:
    client = compute_client(gcp_estate)
    users = {disk["selfLink"]: disk.get("users", []) for disk in list_all(client, "disks")}
    for instance in list_all(client, "instances"):
        for disk in instance["disks"]:
            assert users[disk["source"]] == [instance["selfLink"]]


def test_every_zone_offers_the_planned_machine_types() -> None:
    for planned in plan_instances():
        assert planned.machine_type in machine_types("sandbox-project", planned.zone)


def test_the_estate_is_the_same_in_every_run_and_ready_at_once(gcp_estate: GcpSandbox) -> None:
    client = compute_client(gcp_estate)

    def self_links() -> dict[str, str]:
        return {instance["id"]: instance["selfLink"] for instance in list_all(client, "instances")}

    first = self_links()
    started = time.monotonic()
    gcp_estate.reset("estate")
    assert time.monotonic() - started < bound(2)
    assert self_links() == first


def test_instances_of_the_estate_can_be_stopped_and_deleted(gcp_estate: GcpSandbox) -> None:
    client = compute_client(gcp_estate)
    running = next(
        instance for instance in list_all(client, "instances") if instance["status"] == "RUNNING"
    )
    path = running["selfLink"].partition(f"/projects/{client.project}")[2]
    client.change("POST", f"{path}/stop")
    client.change("DELETE", path)
    assert client.call("GET", path).status == 404

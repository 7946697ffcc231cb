"""Disks of the sandbox GCP: attached, detached, kept in snapshots and brought back."""

from __future__ import annotations

import pytest

from tests.fixtures.gcp import GcpSandbox
from tests.integration.sandbox.gcp import ZONE, Caller, caller, launch, machine

pytestmark = pytest.mark.integration

DISKS = f"/zones/{ZONE}/disks"


@pytest.fixture
def calls(gcp_sandbox: GcpSandbox) -> Caller:
    return caller(gcp_sandbox)


def data_disk(calls: Caller, name: str = "data") -> dict[str, str]:
    calls.change("POST", DISKS, {"name": name, "sizeGb": "20"})
    return {"source": f"zones/{ZONE}/disks/{name}", "deviceName": name}


def test_a_disk_belongs_to_one_machine(calls: Caller) -> None:
    web, other = launch(calls), launch(calls, "other")
    body = data_disk(calls)
    calls.change("POST", f"{web}/attachDisk", body)
    attached = calls.get(web)["disks"][1]
    assert (attached["deviceName"], attached["boot"], attached["autoDelete"]) == (
        "data",
        False,
        False,
    )
    assert calls.get(f"{DISKS}/data")["users"] == [calls.get(web)["selfLink"]]
    refused = calls.call("POST", f"{other}/attachDisk", body)
    assert refused.reason == "resourceInUseByAnotherResource"
    assert calls.call("DELETE", f"{DISKS}/data").reason == "resourceInUseByAnotherResource"
    calls.change("POST", f"{web}/detachDisk", deviceName="data")
    assert "users" not in calls.get(f"{DISKS}/data")
    assert calls.call("POST", f"{web}/detachDisk", deviceName="data").status == 400
    boot = calls.call("POST", f"{web}/detachDisk", deviceName="persistent-disk-0")
    assert (boot.status, boot.reason) == (400, "invalidUsage")
    calls.change("DELETE", f"{DISKS}/data")


def test_disks_end_with_their_machine_or_outlive_it(calls: Caller) -> None:
    web = launch(calls)
    calls.change("POST", f"{web}/attachDisk", data_disk(calls, "stays"))
    calls.change("POST", f"{web}/attachDisk", data_disk(calls, "goes"))
    query = {"deviceName": "goes", "autoDelete": "true"}
    calls.change("POST", f"{web}/setDiskAutoDelete", **query)
    calls.change("DELETE", web)
    [left] = calls.get(DISKS)["items"]
    assert left["name"] == "stays"
    assert "users" not in left


def test_a_snapshot_brings_back_what_was_written(calls: Caller, gcp_sandbox: GcpSandbox) -> None:
    web = launch(calls)
    gcp_sandbox.write_disk(ZONE, "web", "before")
    calls.change("POST", f"{DISKS}/web/createSnapshot", {"name": "kept", "labels": {"a": "b"}})
    gcp_sandbox.write_disk(ZONE, "web", "after")
    body = {"name": "restored", "sourceSnapshot": "global/snapshots/kept"}
    calls.change("POST", DISKS, body)
    restored = calls.get(f"{DISKS}/restored")
    assert restored["sourceSnapshot"].endswith("/snapshots/kept")
    assert restored["architecture"] == "X86_64"
    calls.change("POST", f"{web}/stop")
    calls.change("POST", f"{web}/detachDisk", deviceName="persistent-disk-0")
    assert calls.call("POST", f"{web}/start").status == 400
    boot = {
        "source": f"zones/{ZONE}/disks/restored",
        "boot": True,
        "autoDelete": True,
        "deviceName": "persistent-disk-0",
    }
    calls.change("POST", f"{web}/attachDisk", boot)
    calls.change("POST", f"{web}/start")
    assert gcp_sandbox.disk_content(ZONE, "restored") == "before"
    assert gcp_sandbox.disk_content(ZONE, "web") == "after"


def test_a_snapshot_takes_its_time(calls: Caller) -> None:
    launch(calls)
    operation = calls.begin("POST", f"{DISKS}/web/createSnapshot", {"name": "kept"})
    assert operation["targetLink"].endswith("/disks/web")
    assert calls.get("/global/snapshots/kept")["status"] == "CREATING"
    second = calls.call("POST", f"{DISKS}/web/createSnapshot", {"name": "kept"})
    assert second.reason == "alreadyExists"
    calls.wait(operation)
    assert calls.get("/global/snapshots/kept")["status"] == "READY"


def test_sizes_only_grow(calls: Caller) -> None:
    data_disk(calls)
    assert calls.call("POST", f"{DISKS}/data/resize", {"sizeGb": "10"}).status == 400
    calls.change("POST", f"{DISKS}/data/resize", {"sizeGb": "40"})
    assert calls.get(f"{DISKS}/data")["sizeGb"] == "40"
    calls.change("POST", f"{DISKS}/data/createSnapshot", {"name": "kept"})
    body = {"name": "small", "sourceSnapshot": "global/snapshots/kept", "sizeGb": "10"}
    assert "cannot be smaller" in calls.call("POST", DISKS, body).message


def test_a_machine_of_existing_disks(calls: Caller) -> None:
    calls.change(
        "POST",
        DISKS,
        {"name": "boot", "sourceImage": "projects/debian-cloud/global/images/family/debian-12"},
    )
    disk = {"boot": True, "source": f"zones/{ZONE}/disks/boot"}
    launch(calls, "first", disks=[disk])
    refused = calls.call("POST", f"/zones/{ZONE}/instances", machine("second", disks=[disk]))
    assert refused.reason == "resourceInUseByAnotherResource"
    assert calls.call("GET", f"/zones/{ZONE}/instances/second").status == 404

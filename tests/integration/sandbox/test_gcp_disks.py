"""Disks and snapshots of the sandbox GCP."""

from __future__ import annotations

import uuid

import pytest

from tests.fixtures.gcp import GcpSandbox
from tests.integration.sandbox.gcp import (
    ZONE,
    ComputeClient,
    compute_client,
    create_instance,
    instance_body,
)

pytestmark = pytest.mark.integration

DISKS = f"/zones/{ZONE}/disks"


@pytest.fixture
def client(gcp_sandbox: GcpSandbox) -> ComputeClient:
    return compute_client(gcp_sandbox)


def data_disk(client: ComputeClient, name: str = "data") -> dict[str, str]:
    client.change("POST", DISKS, {"name": name, "sizeGb": "20"})
    return {"source": f"zones/{ZONE}/disks/{name}", "deviceName": name}


def test_a_disk_is_attached_to_one_instance_at_a_time(client: ComputeClient) -> None:
    web, other = create_instance(client), create_instance(client, "other")
    body = data_disk(client)
    client.change("POST", f"{web}/attachDisk", body)
    attached = client.get(web)["disks"][1]
    assert (attached["deviceName"], attached["boot"], attached["autoDelete"]) == (
        "data",
        False,
        False,
    )
    assert client.get(f"{DISKS}/data")["users"] == [client.get(web)["selfLink"]]
    refused = client.call("POST", f"{other}/attachDisk", body)
    assert refused.reason == "resourceInUseByAnotherResource"
    assert client.call("DELETE", f"{DISKS}/data").reason == "resourceInUseByAnotherResource"
    client.change("POST", f"{web}/detachDisk", deviceName="data")
    assert "users" not in client.get(f"{DISKS}/data")
    assert client.call("POST", f"{web}/detachDisk", deviceName="data").status == 400
    boot = client.call("POST", f"{web}/detachDisk", deviceName="persistent-disk-0")
    assert (boot.status, boot.reason) == (400, "invalidUsage")
    client.change("DELETE", f"{DISKS}/data")


def test_only_auto_delete_disks_are_deleted_with_their_instance(client: ComputeClient) -> None:
    web = create_instance(client)
    client.change("POST", f"{web}/attachDisk", data_disk(client, "kept"))
    client.change("POST", f"{web}/attachDisk", data_disk(client, "deleted"))
    query = {"deviceName": "deleted", "autoDelete": "true"}
    client.change("POST", f"{web}/setDiskAutoDelete", **query)
    client.change("DELETE", web)
    [remaining] = client.get(DISKS)["items"]
    assert remaining["name"] == "kept"
    assert "users" not in remaining


def test_a_disk_from_a_snapshot_has_the_content_of_that_time(
    client: ComputeClient, gcp_sandbox: GcpSandbox
) -> None:
    web = create_instance(client)
    gcp_sandbox.write_disk(ZONE, "web", "before")
    client.change("POST", f"{DISKS}/web/createSnapshot", {"name": "kept", "labels": {"a": "b"}})
    gcp_sandbox.write_disk(ZONE, "web", "after")
    body = {"name": "restored", "sourceSnapshot": "global/snapshots/kept"}
    client.change("POST", DISKS, body)
    restored = client.get(f"{DISKS}/restored")
    assert restored["sourceSnapshot"].endswith("/snapshots/kept")
    assert restored["architecture"] == "X86_64"
    client.change("POST", f"{web}/stop")
    client.change("POST", f"{web}/detachDisk", deviceName="persistent-disk-0")
    assert client.call("POST", f"{web}/start").status == 400
    boot = {
        "source": f"zones/{ZONE}/disks/restored",
        "boot": True,
        "autoDelete": True,
        "deviceName": "persistent-disk-0",
    }
    client.change("POST", f"{web}/attachDisk", boot)
    client.change("POST", f"{web}/start")
    assert gcp_sandbox.disk_content(ZONE, "restored") == "before"
    assert gcp_sandbox.disk_content(ZONE, "web") == "after"


def test_a_snapshot_is_ready_when_its_operation_is_done(client: ComputeClient) -> None:
    create_instance(client)
    operation = client.start("POST", f"{DISKS}/web/createSnapshot", {"name": "kept"})
    assert operation["targetLink"].endswith("/disks/web")
    assert client.get("/global/snapshots/kept")["status"] == "CREATING"
    second = client.call("POST", f"{DISKS}/web/createSnapshot", {"name": "kept"})
    assert second.reason == "alreadyExists"
    client.wait(operation)
    assert client.get("/global/snapshots/kept")["status"] == "READY"


def test_a_disk_cannot_shrink(client: ComputeClient) -> None:
    data_disk(client)
    assert client.call("POST", f"{DISKS}/data/resize", {"sizeGb": "10"}).status == 400
    client.change("POST", f"{DISKS}/data/resize", {"sizeGb": "40"})
    assert client.get(f"{DISKS}/data")["sizeGb"] == "40"
    client.change("POST", f"{DISKS}/data/createSnapshot", {"name": "kept"})
    body = {"name": "small", "sourceSnapshot": "global/snapshots/kept", "sizeGb": "10"}
    assert "cannot be smaller" in client.call("POST", DISKS, body).message


def test_an_instance_from_an_existing_disk(client: ComputeClient) -> None:
    client.change(
        "POST",
        DISKS,
        {"name": "boot", "sourceImage": "projects/debian-cloud/global/images/family/debian-12"},
    )
    disk = {"boot": True, "source": f"zones/{ZONE}/disks/boot"}
    create_instance(client, "first", disks=[disk])
    refused = client.call("POST", f"/zones/{ZONE}/instances", instance_body("second", disks=[disk]))
    assert refused.reason == "resourceInUseByAnotherResource"
    assert client.call("GET", f"/zones/{ZONE}/instances/second").status == 404


def test_one_request_id_creates_one_image(client: ComputeClient) -> None:
    data_disk(client)
    body = {"name": "own", "sourceDisk": f"zones/{ZONE}/disks/data"}
    request_id = str(uuid.uuid4())
    operation = client.start("POST", "/global/images", body, requestId=request_id)
    repeated = client.start("POST", "/global/images", body, requestId=request_id)
    assert repeated["name"] == operation["name"]
    client.wait(operation)
    image = client.get("/global/images/own")
    assert image["sourceDisk"].endswith(f"/zones/{ZONE}/disks/data")

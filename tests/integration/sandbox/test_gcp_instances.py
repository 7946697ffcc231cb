"""The methods of instances of the sandbox GCP."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.fixtures.gcp import GcpSandbox
from tests.integration.sandbox.gcp import (
    DEBIAN,
    DEBIAN_ARM,
    REGION,
    ZONE,
    ComputeClient,
    compute_client,
    create_instance,
    instance_body,
)

pytestmark = pytest.mark.integration

INSTANCES = f"/zones/{ZONE}/instances"


@pytest.fixture
def client(gcp_sandbox: GcpSandbox) -> ComputeClient:
    return compute_client(gcp_sandbox)


def test_status_of_an_instance_and_its_operations(client: ComputeClient) -> None:
    operation = client.start("POST", INSTANCES, instance_body("web"))
    assert operation["status"] == "PENDING"
    assert client.get(f"{INSTANCES}/web")["status"] == "PROVISIONING"
    path = f"/zones/{ZONE}/operations/{operation['name']}"
    assert client.get(path)["status"] in ("PENDING", "RUNNING")
    completed = client.wait(operation)
    assert completed["startTime"] <= completed["endTime"]
    instance = client.get(f"{INSTANCES}/web")
    assert instance["status"] == "RUNNING"
    assert instance["networkInterfaces"][0]["accessConfigs"][0]["natIP"]
    stopping = client.start("POST", f"{INSTANCES}/web/stop")
    assert client.get(f"{INSTANCES}/web")["status"] == "STOPPING"
    client.wait(stopping)
    instance = client.get(f"{INSTANCES}/web")
    assert instance["status"] == "TERMINATED"
    assert "natIP" not in instance["networkInterfaces"][0]["accessConfigs"][0]
    deleting = client.start("DELETE", f"{INSTANCES}/web")
    assert client.get(f"{INSTANCES}/web")["status"] == "STOPPING"
    client.wait(deleting)
    assert client.call("GET", f"{INSTANCES}/web").reason == "notFound"
    assert client.call("GET", f"/zones/{ZONE}/disks/web").status == 404


def test_one_request_id_creates_one_instance(client: ComputeClient) -> None:
    request_id = str(uuid.uuid4())
    first = client.start("POST", INSTANCES, instance_body("web"), requestId=request_id)
    again = client.start("POST", INSTANCES, instance_body("web"), requestId=request_id)
    assert again["name"] == first["name"]
    assert client.wait(first)["status"] == "DONE"
    after = client.start("POST", INSTANCES, instance_body("web"), requestId=request_id)
    assert (after["name"], after["status"]) == (first["name"], "DONE")
    other = client.call("POST", INSTANCES, instance_body("other"), requestId=request_id)
    assert (other.status, other.reason) == (400, "invalid")
    assert client.call("POST", INSTANCES, instance_body("web")).reason == "alreadyExists"
    assert client.call("POST", INSTANCES, instance_body("x"), requestId="no").status == 400


def test_concurrent_requests_with_one_request_id_create_one_instance(client: ComputeClient) -> None:
    request_id = str(uuid.uuid4())

    def insert(_number: int) -> str:
        operation = client.start("POST", INSTANCES, instance_body("web"), requestId=request_id)
        return str(operation["name"])

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(insert, range(16)))) == 1
    assert len(client.get(INSTANCES)["items"]) == 1


def test_spot_instances_and_templates(client: ComputeClient) -> None:
    web = create_instance(client, scheduling={"provisioningModel": "SPOT"})
    assert client.get(web)["scheduling"]["preemptible"] is True
    query = {"sourceInstanceTemplate": "global/instanceTemplates/any"}
    assert client.call("POST", INSTANCES, instance_body("b"), **query).status == 501


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Bad"}, "Must be a match of regex"),
        ({"machineType": f"zones/{ZONE}/machineTypes/e2-huge"}, "does not exist in zone"),
        ({"machineType": "e2-small"}, "The URL is malformed"),
        ({"labels": {"Team": "web"}}, "violates format constraints"),
        ({"labels": {"team": "Web"}}, "violates format constraints"),
        ({"disks": []}, "At least one boot disk"),
        ({"networkInterfaces": []}, "At least one network"),
        ({"networkInterfaces": [{"network": "global/networks/none"}]}, "cannot be found"),
        ({"networkInterfaces": [{"networkIP": "10.0.0.1"}]}, "must be within the range"),
        ({"machineType": f"zones/{ZONE}/machineTypes/c4a-standard-1"}, "architecture"),
    ],
)
def test_invalid_instances_are_rejected(
    client: ComputeClient, changes: dict[str, Any], message: str
) -> None:
    response = client.call("POST", INSTANCES, instance_body("web") | changes)
    assert response.status == 400
    assert message in response.message
    assert "items" not in client.get(INSTANCES)
    assert "items" not in client.get(f"/zones/{ZONE}/disks")


def test_bodies_and_queries_are_validated(client: ComputeClient) -> None:
    response = client.call("POST", INSTANCES, instance_body("web", colour="red"))
    assert 'Unknown name "colour"' in response.message
    assert response.content["error"]["status"] == "INVALID_ARGUMENT"
    response = client.call("POST", INSTANCES, instance_body("web", disks=[{"boot": "perhaps"}]))
    assert response.content["error"]["details"][0]["fieldViolations"][0]["field"] == (
        "resource.disks[0].boot"
    )
    assert "Cannot bind query parameter" in client.call("GET", INSTANCES, colour="red").message


def test_an_unknown_image_and_an_image_of_another_project_are_rejected(
    client: ComputeClient,
) -> None:
    for source, status in (
        ("projects/debian-cloud/global/images/family/debian-99", 404),
        ("projects/debian-cloud/global/images/none", 404),
        ("projects/other-project/global/images/none", 403),
    ):
        disk = {"boot": True, "initializeParams": {"sourceImage": source}}
        assert client.call("POST", INSTANCES, instance_body("web", disks=[disk])).status == status


def test_arm_instances_need_arm_images_and_hyperdisk(client: ComputeClient) -> None:
    disk = {"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": DEBIAN_ARM}}
    create_instance(client, "arm", machine_type="c4a-standard-1", disks=[disk])
    arm_disk = client.get(f"/zones/{ZONE}/disks/arm")
    assert arm_disk["type"].endswith("/hyperdisk-balanced")
    assert arm_disk["architecture"] == "ARM64"
    disk["initializeParams"] = {
        "sourceImage": DEBIAN_ARM,
        "diskType": f"zones/{ZONE}/diskTypes/pd-ssd",
    }
    refused = client.call("POST", INSTANCES, instance_body("b", "c4a-standard-1", disks=[disk]))
    assert "not compatible" in refused.message


def test_an_instance_under_an_operation_is_not_ready(client: ComputeClient) -> None:
    operation = client.start("POST", INSTANCES, instance_body("web"))
    for change in ("stop", "start", "reset"):
        assert client.call("POST", f"{INSTANCES}/web/{change}").reason == "resourceNotReady"
    client.wait(operation)
    client.start("POST", f"{INSTANCES}/web/stop")
    assert client.call("POST", f"{INSTANCES}/web/start").reason == "resourceNotReady"


def test_an_instance_can_be_deleted_while_it_is_created(client: ComputeClient) -> None:
    inserting = client.start("POST", INSTANCES, instance_body("web"))
    deleting = client.start("DELETE", f"{INSTANCES}/web")
    assert client.call("DELETE", f"{INSTANCES}/web").reason == "resourceNotReady"
    assert client.wait(inserting)["httpErrorStatusCode"] == 409
    client.wait(deleting)
    assert "items" not in client.get(INSTANCES)
    assert "items" not in client.get(f"/zones/{ZONE}/disks")


def test_start_and_stop_without_effect_are_accepted(client: ComputeClient) -> None:
    web = create_instance(client)
    client.change("POST", f"{web}/start")
    client.change("POST", f"{web}/stop")
    client.change("POST", f"{web}/stop")
    client.change("POST", f"{web}/start")
    client.change("POST", f"{web}/reset")
    client.change("POST", f"{web}/suspend")
    assert client.get(web)["status"] == "SUSPENDED"
    client.change("POST", f"{web}/resume")
    assert client.get(web)["status"] == "RUNNING"


def test_the_machine_type_changes_only_while_stopped(client: ComputeClient) -> None:
    web = create_instance(client)
    body = {"machineType": f"zones/{ZONE}/machineTypes/e2-standard-2"}
    assert client.call("POST", f"{web}/setMachineType", body).status == 400
    client.change("POST", f"{web}/stop")
    client.change("POST", f"{web}/setMachineType", body)
    assert client.get(web)["machineType"].endswith("/e2-standard-2")
    arm = {"machineType": f"zones/{ZONE}/machineTypes/t2a-standard-1"}
    assert client.call("POST", f"{web}/setMachineType", arm).status == 400


@pytest.mark.parametrize(
    ("method", "replaced", "body"),
    [
        ("setLabels", "labelFingerprint", {"labels": {"team": "web"}}),
        ("setMetadata", "metadata", {"items": [{"key": "ssh-keys", "value": "me:ssh-rsa A"}]}),
        ("setTags", "tags", {"items": ["web"]}),
    ],
)
def test_a_stale_fingerprint_is_rejected(
    client: ComputeClient, method: str, replaced: str, body: dict[str, Any]
) -> None:
    web = create_instance(client)
    field = replaced if method == "setLabels" else "fingerprint"
    current = client.get(web)[replaced]
    current = current if isinstance(current, str) else current["fingerprint"]
    assert client.call("POST", f"{web}/{method}", body).reason == "required"
    stale = client.call("POST", f"{web}/{method}", body | {field: "c3RhbGU="})
    assert (stale.status, stale.reason) == (412, "conditionNotMet")
    client.change("POST", f"{web}/{method}", body | {field: current})
    assert client.call("POST", f"{web}/{method}", body | {field: current}).status == 412


def test_serial_port_output(client: ComputeClient) -> None:
    operation = client.start("POST", INSTANCES, instance_body("web"))
    assert client.get(f"{INSTANCES}/web/serialPort")["contents"] == ""
    client.wait(operation)
    written = client.get(f"{INSTANCES}/web/serialPort")
    assert "web login:" in written["contents"]
    after = client.get(f"{INSTANCES}/web/serialPort", start=written["next"])
    assert after["contents"] == ""


def test_static_addresses_stay_reserved(client: ComputeClient) -> None:
    client.change("POST", f"/regions/{REGION}/addresses", {"name": "fixed"})
    address = client.get(f"/regions/{REGION}/addresses/fixed")["address"]
    interface = {"accessConfigs": [{"natIP": address}]}
    web = create_instance(client, networkInterfaces=[interface])
    assert client.get(f"/regions/{REGION}/addresses/fixed")["status"] == "IN_USE"
    assert client.call("DELETE", f"/regions/{REGION}/addresses/fixed").status == 400
    second = client.call("POST", INSTANCES, instance_body("second", networkInterfaces=[interface]))
    assert second.reason == "resourceInUseByAnotherResource"
    client.change("POST", f"{web}/stop")
    access = client.get(web)["networkInterfaces"][0]["accessConfigs"][0]
    assert access["natIP"] == address
    client.change("DELETE", web)
    assert client.get(f"/regions/{REGION}/addresses/fixed")["status"] == "RESERVED"


def test_an_exceeded_quota_fails_the_operation_and_leaves_no_resource(
    client: ComputeClient, gcp_sandbox: GcpSandbox
) -> None:
    gcp_sandbox.call_control("PUT", f"quotas/{client.project}/{REGION}", {"CPUS": 3})
    create_instance(client, "first")
    kept = {"boot": True, "autoDelete": False, "initializeParams": {"sourceImage": DEBIAN}}
    completed = client.wait(client.start("POST", INSTANCES, instance_body("second", disks=[kept])))
    assert completed["error"]["errors"][0]["code"] == "QUOTA_EXCEEDED"
    assert completed["httpErrorStatusCode"] == 403
    assert client.call("GET", f"{INSTANCES}/second").status == 404
    assert [disk["name"] for disk in client.get(f"/zones/{ZONE}/disks")["items"]] == ["first"]
    client.change("POST", f"{INSTANCES}/first/stop")
    create_instance(client, "third")
    completed = client.wait(client.start("POST", f"{INSTANCES}/first/start"))
    assert completed["error"]["errors"][0]["code"] == "QUOTA_EXCEEDED"
    assert client.get(f"{INSTANCES}/first")["status"] == "TERMINATED"


def test_deletion_protection(client: ComputeClient) -> None:
    web = create_instance(client, deletionProtection=True)
    assert client.call("DELETE", web).status == 412
    client.change("POST", f"{web}/setDeletionProtection", deletionProtection="false")
    client.change("DELETE", web)

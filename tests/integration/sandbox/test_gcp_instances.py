"""The life of a machine in the sandbox GCP, as Google has it."""

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
    Caller,
    caller,
    launch,
    machine,
)

pytestmark = pytest.mark.integration

INSTANCES = f"/zones/{ZONE}/instances"


@pytest.fixture
def calls(gcp_sandbox: GcpSandbox) -> Caller:
    return caller(gcp_sandbox)


def test_states_and_operations_take_their_time(calls: Caller) -> None:
    operation = calls.begin("POST", INSTANCES, machine("web"))
    assert operation["status"] == "PENDING"
    assert calls.get(f"{INSTANCES}/web")["status"] == "PROVISIONING"
    path = f"/zones/{ZONE}/operations/{operation['name']}"
    assert calls.get(path)["status"] in ("PENDING", "RUNNING")
    ended = calls.wait(operation)
    assert ended["startTime"] <= ended["endTime"]
    found = calls.get(f"{INSTANCES}/web")
    assert found["status"] == "RUNNING"
    assert found["networkInterfaces"][0]["accessConfigs"][0]["natIP"]
    stopping = calls.begin("POST", f"{INSTANCES}/web/stop")
    assert calls.get(f"{INSTANCES}/web")["status"] == "STOPPING"
    calls.wait(stopping)
    found = calls.get(f"{INSTANCES}/web")
    assert found["status"] == "TERMINATED"
    assert "natIP" not in found["networkInterfaces"][0]["accessConfigs"][0]
    deleting = calls.begin("DELETE", f"{INSTANCES}/web")
    assert calls.get(f"{INSTANCES}/web")["status"] == "STOPPING"
    calls.wait(deleting)
    assert calls.call("GET", f"{INSTANCES}/web").reason == "notFound"
    assert calls.call("GET", f"/zones/{ZONE}/disks/web").status == 404


def test_one_request_id_makes_one_machine(calls: Caller) -> None:
    request_id = str(uuid.uuid4())
    first = calls.begin("POST", INSTANCES, machine("web"), requestId=request_id)
    again = calls.begin("POST", INSTANCES, machine("web"), requestId=request_id)
    assert again["name"] == first["name"]
    assert calls.wait(first)["status"] == "DONE"
    after = calls.begin("POST", INSTANCES, machine("web"), requestId=request_id)
    assert (after["name"], after["status"]) == (first["name"], "DONE")
    other = calls.call("POST", INSTANCES, machine("other"), requestId=request_id)
    assert (other.status, other.reason) == (400, "invalid")
    assert calls.call("POST", INSTANCES, machine("web")).reason == "alreadyExists"
    assert calls.call("POST", INSTANCES, machine("x"), requestId="no").status == 400


def test_many_at_once_with_one_request_id_make_one_machine(calls: Caller) -> None:
    request_id = str(uuid.uuid4())

    def ask(_number: int) -> str:
        made = calls.begin("POST", INSTANCES, machine("web"), requestId=request_id)
        return str(made["name"])

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(16)))) == 1
    assert len(calls.get(INSTANCES)["items"]) == 1


def test_spot_machines_and_templates(calls: Caller) -> None:
    web = launch(calls, scheduling={"provisioningModel": "SPOT"})
    assert calls.get(web)["scheduling"]["preemptible"] is True
    query = {"sourceInstanceTemplate": "global/instanceTemplates/any"}
    assert calls.call("POST", INSTANCES, machine("b"), **query).status == 501


@pytest.mark.parametrize(
    ("more", "said"),
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
def test_what_cannot_be_made_is_refused(calls: Caller, more: dict[str, Any], said: str) -> None:
    answer = calls.call("POST", INSTANCES, machine("web") | more)
    assert answer.status == 400
    assert said in answer.message
    assert "items" not in calls.get(INSTANCES)
    assert "items" not in calls.get(f"/zones/{ZONE}/disks")


def test_bodies_and_queries_are_held_to_the_schema(calls: Caller) -> None:
    answer = calls.call("POST", INSTANCES, machine("web", colour="red"))
    assert 'Unknown name "colour"' in answer.message
    assert answer.content["error"]["status"] == "INVALID_ARGUMENT"
    answer = calls.call("POST", INSTANCES, machine("web", disks=[{"boot": "perhaps"}]))
    assert answer.content["error"]["details"][0]["fieldViolations"][0]["field"] == (
        "resource.disks[0].boot"
    )
    assert "Cannot bind query parameter" in calls.call("GET", INSTANCES, colour="red").message


def test_an_image_of_nobody_or_somebody_else_is_refused(calls: Caller) -> None:
    for source, status in (
        ("projects/debian-cloud/global/images/family/debian-99", 404),
        ("projects/debian-cloud/global/images/none", 404),
        ("projects/other-project/global/images/none", 403),
    ):
        disk = {"boot": True, "initializeParams": {"sourceImage": source}}
        assert calls.call("POST", INSTANCES, machine("web", disks=[disk])).status == status


def test_arm_machines_take_arm_images_and_hyperdisks(calls: Caller) -> None:
    disk = {"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": DEBIAN_ARM}}
    launch(calls, "arm", machine_type="c4a-standard-1", disks=[disk])
    found = calls.get(f"/zones/{ZONE}/disks/arm")
    assert found["type"].endswith("/hyperdisk-balanced")
    assert found["architecture"] == "ARM64"
    disk["initializeParams"] = {
        "sourceImage": DEBIAN_ARM,
        "diskType": f"zones/{ZONE}/diskTypes/pd-ssd",
    }
    refused = calls.call("POST", INSTANCES, machine("b", "c4a-standard-1", disks=[disk]))
    assert "not compatible" in refused.message


def test_a_busy_machine_is_not_ready(calls: Caller) -> None:
    operation = calls.begin("POST", INSTANCES, machine("web"))
    for change in ("stop", "start", "reset"):
        assert calls.call("POST", f"{INSTANCES}/web/{change}").reason == "resourceNotReady"
    calls.wait(operation)
    calls.begin("POST", f"{INSTANCES}/web/stop")
    assert calls.call("POST", f"{INSTANCES}/web/start").reason == "resourceNotReady"


def test_a_machine_being_made_can_be_deleted(calls: Caller) -> None:
    making = calls.begin("POST", INSTANCES, machine("web"))
    deleting = calls.begin("DELETE", f"{INSTANCES}/web")
    assert calls.call("DELETE", f"{INSTANCES}/web").reason == "resourceNotReady"
    assert calls.wait(making)["httpErrorStatusCode"] == 409
    calls.wait(deleting)
    assert "items" not in calls.get(INSTANCES)
    assert "items" not in calls.get(f"/zones/{ZONE}/disks")


def test_changes_that_are_none_are_accepted(calls: Caller) -> None:
    web = launch(calls)
    calls.change("POST", f"{web}/start")
    calls.change("POST", f"{web}/stop")
    calls.change("POST", f"{web}/stop")
    calls.change("POST", f"{web}/start")
    calls.change("POST", f"{web}/reset")
    calls.change("POST", f"{web}/suspend")
    assert calls.get(web)["status"] == "SUSPENDED"
    calls.change("POST", f"{web}/resume")
    assert calls.get(web)["status"] == "RUNNING"


def test_the_type_changes_only_while_stopped(calls: Caller) -> None:
    web = launch(calls)
    body = {"machineType": f"zones/{ZONE}/machineTypes/e2-standard-2"}
    assert calls.call("POST", f"{web}/setMachineType", body).status == 400
    calls.change("POST", f"{web}/stop")
    calls.change("POST", f"{web}/setMachineType", body)
    assert calls.get(web)["machineType"].endswith("/e2-standard-2")
    arm = {"machineType": f"zones/{ZONE}/machineTypes/t2a-standard-1"}
    assert calls.call("POST", f"{web}/setMachineType", arm).status == 400


@pytest.mark.parametrize(
    ("method", "named", "body"),
    [
        ("setLabels", "labelFingerprint", {"labels": {"team": "web"}}),
        ("setMetadata", "metadata", {"items": [{"key": "ssh-keys", "value": "me:ssh-rsa A"}]}),
        ("setTags", "tags", {"items": ["web"]}),
    ],
)
def test_what_others_changed_is_not_overwritten(
    calls: Caller, method: str, named: str, body: dict[str, Any]
) -> None:
    web = launch(calls)
    field = named if method == "setLabels" else "fingerprint"
    now = calls.get(web)[named]
    now = now if isinstance(now, str) else now["fingerprint"]
    assert calls.call("POST", f"{web}/{method}", body).reason == "required"
    stale = calls.call("POST", f"{web}/{method}", body | {field: "c3RhbGU="})
    assert (stale.status, stale.reason) == (412, "conditionNotMet")
    calls.change("POST", f"{web}/{method}", body | {field: now})
    assert calls.call("POST", f"{web}/{method}", body | {field: now}).status == 412


def test_the_console_is_empty_at_first(calls: Caller) -> None:
    operation = calls.begin("POST", INSTANCES, machine("web"))
    assert calls.get(f"{INSTANCES}/web/serialPort")["contents"] == ""
    calls.wait(operation)
    written = calls.get(f"{INSTANCES}/web/serialPort")
    assert "web login:" in written["contents"]
    after = calls.get(f"{INSTANCES}/web/serialPort", start=written["next"])
    assert after["contents"] == ""


def test_reserved_addresses_stay(calls: Caller) -> None:
    calls.change("POST", f"/regions/{REGION}/addresses", {"name": "fixed"})
    address = calls.get(f"/regions/{REGION}/addresses/fixed")["address"]
    interface = {"accessConfigs": [{"natIP": address}]}
    web = launch(calls, networkInterfaces=[interface])
    assert calls.get(f"/regions/{REGION}/addresses/fixed")["status"] == "IN_USE"
    assert calls.call("DELETE", f"/regions/{REGION}/addresses/fixed").status == 400
    second = calls.call("POST", INSTANCES, machine("second", networkInterfaces=[interface]))
    assert second.reason == "resourceInUseByAnotherResource"
    calls.change("POST", f"{web}/stop")
    access = calls.get(web)["networkInterfaces"][0]["accessConfigs"][0]
    assert access["natIP"] == address
    calls.change("DELETE", web)
    assert calls.get(f"/regions/{REGION}/addresses/fixed")["status"] == "RESERVED"


def test_a_quota_fails_the_operation_and_leaves_nothing(
    calls: Caller, gcp_sandbox: GcpSandbox
) -> None:
    gcp_sandbox.ask("PUT", f"quotas/{calls.project}/{REGION}", {"CPUS": 3})
    launch(calls, "first")
    kept = {"boot": True, "autoDelete": False, "initializeParams": {"sourceImage": DEBIAN}}
    ended = calls.wait(calls.begin("POST", INSTANCES, machine("second", disks=[kept])))
    assert ended["error"]["errors"][0]["code"] == "QUOTA_EXCEEDED"
    assert ended["httpErrorStatusCode"] == 403
    assert calls.call("GET", f"{INSTANCES}/second").status == 404
    assert [one["name"] for one in calls.get(f"/zones/{ZONE}/disks")["items"]] == ["first"]
    calls.change("POST", f"{INSTANCES}/first/stop")
    launch(calls, "third")
    ended = calls.wait(calls.begin("POST", f"{INSTANCES}/first/start"))
    assert ended["error"]["errors"][0]["code"] == "QUOTA_EXCEEDED"
    assert calls.get(f"{INSTANCES}/first")["status"] == "TERMINATED"


def test_a_protected_machine_stays(calls: Caller) -> None:
    web = launch(calls, deletionProtection=True)
    assert calls.call("DELETE", web).status == 412
    calls.change("POST", f"{web}/setDeletionProtection", deletionProtection="false")
    calls.change("DELETE", web)

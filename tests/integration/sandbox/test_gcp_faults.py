"""Injected faults of the sandbox GCP: error responses and failed operations."""

from __future__ import annotations

import http.client
import time
import uuid
from typing import Any

import pytest

from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.gcp import GcpSandbox
from tests.integration.sandbox.gcp import (
    REGION,
    ZONE,
    ComputeClient,
    compute_client,
    create_instance,
    instance_body,
)

pytestmark = pytest.mark.integration

INSTANCES = f"/zones/{ZONE}/instances"
INSERT = "compute.instances.insert"


@pytest.fixture
def client(gcp_sandbox: GcpSandbox) -> ComputeClient:
    return compute_client(gcp_sandbox)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "throttle"}, (429, "rateLimitExceeded", "RESOURCE_EXHAUSTED")),
        (
            {"kind": "throttle", "status": 403},
            (403, "rateLimitExceeded", "PERMISSION_DENIED"),
        ),
        ({"kind": "deny"}, (403, "forbidden", "PERMISSION_DENIED")),
        ({"kind": "expire"}, (401, "authError", "UNAUTHENTICATED")),
        ({"kind": "error"}, (503, "backendError", "UNAVAILABLE")),
        ({"kind": "error", "status": 500, "code": "internalError"}, (500, "internalError", None)),
    ],
)
def test_error_responses(
    client: ComputeClient,
    gcp_sandbox: GcpSandbox,
    fault: dict[str, Any],
    expected: tuple[int, str, str | None],
) -> None:
    gcp_sandbox.inject(Fault(action="compute.instances.list", **fault))
    response = client.call("GET", INSTANCES)
    assert (response.status, response.reason) == expected[:2]
    assert expected[2] in (None, response.content["error"]["status"])
    assert client.call("GET", f"/zones/{ZONE}/disks").status == 200
    assert gcp_sandbox.calls()["compute.instances.list"] == 1


def test_a_throttle_has_retry_after(client: ComputeClient, gcp_sandbox: GcpSandbox) -> None:
    gcp_sandbox.inject(Fault(kind=FaultKind.THROTTLE, seconds=7))
    assert client.call("GET", INSTANCES).headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("code", "status"), [("ZONE_RESOURCE_POOL_EXHAUSTED", 503), ("QUOTA_EXCEEDED", 403)]
)
def test_a_call_is_accepted_and_its_operation_fails(
    client: ComputeClient, gcp_sandbox: GcpSandbox, code: str, status: int
) -> None:
    gcp_sandbox.inject(Fault(kind=FaultKind.ERROR, action=INSERT, code=code, times=1))
    request_id = str(uuid.uuid4())
    operation = client.start("POST", INSTANCES, instance_body("web"), requestId=request_id)
    assert operation["status"] == "PENDING"
    completed = client.wait(operation)
    assert completed["error"]["errors"][0]["code"] == code
    assert completed["httpErrorStatusCode"] == status
    for path in (INSTANCES, f"/zones/{ZONE}/disks"):
        assert "items" not in client.get(path)
    again = client.start("POST", INSTANCES, instance_body("web"), requestId=request_id)
    assert again["name"] == operation["name"]
    create_instance(client)


def test_a_start_without_zone_resources(client: ComputeClient, gcp_sandbox: GcpSandbox) -> None:
    web = create_instance(client)
    client.change("POST", f"{web}/stop")
    code = "ZONE_RESOURCE_POOL_EXHAUSTED"
    gcp_sandbox.inject(Fault(kind=FaultKind.ERROR, action="compute.instances.start", code=code))
    completed = client.wait(client.start("POST", f"{web}/start"))
    assert completed["error"]["errors"][0]["code"] == code
    assert client.get(web)["status"] == "TERMINATED"


def test_a_lost_response_to_an_insert(client: ComputeClient, gcp_sandbox: GcpSandbox) -> None:
    gcp_sandbox.inject(Fault(kind=FaultKind.DROP_REPLY, action=INSERT, times=1))
    request_id = str(uuid.uuid4())
    with pytest.raises((http.client.HTTPException, OSError)):
        client.start("POST", INSTANCES, instance_body("web"), requestId=request_id)
    operation = client.start("POST", INSTANCES, instance_body("web"), requestId=request_id)
    assert "error" not in client.wait(operation)
    assert len(client.get(INSTANCES)["items"]) == 1


def test_faults_of_a_region_a_zone_and_a_service_account(
    client: ComputeClient, gcp_sandbox: GcpSandbox
) -> None:
    gcp_sandbox.inject(
        Fault(kind=FaultKind.DENY, region=REGION, action="compute.instances.list"),
        Fault(kind=FaultKind.THROTTLE, region="us-east1-b", action="compute.instances.list"),
        Fault(kind=FaultKind.ERROR, access_key=gcp_sandbox.other_access_key),
    )
    statuses = {
        zone: client.call("GET", f"/zones/{zone}/instances").status
        for zone in (ZONE, "us-east1-b", "us-east1-c")
    }
    assert statuses == {ZONE: 403, "us-east1-b": 429, "us-east1-c": 200}
    other = compute_client(gcp_sandbox, project=gcp_sandbox.other_account)
    assert other.call("GET", "/zones/us-east1-c/instances").status == 503


def test_a_delay(client: ComputeClient, gcp_sandbox: GcpSandbox) -> None:
    gcp_sandbox.inject(Fault(kind=FaultKind.DELAY, seconds=0.3))
    started = time.monotonic()
    client.get(INSTANCES)
    assert time.monotonic() - started >= 0.3

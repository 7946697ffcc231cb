"""Faults of the sandbox GCP, in Google's words."""

from __future__ import annotations

import http.client
import time
import uuid
from typing import Any

import pytest

from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.gcp import GcpSandbox
from tests.integration.sandbox.gcp import REGION, ZONE, Caller, caller, launch, machine

pytestmark = pytest.mark.integration

INSTANCES = f"/zones/{ZONE}/instances"
INSERT = "compute.instances.insert"


@pytest.fixture
def calls(gcp_sandbox: GcpSandbox) -> Caller:
    return caller(gcp_sandbox)


@pytest.mark.parametrize(
    ("fault", "told"),
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
def test_refusals(
    calls: Caller, gcp_sandbox: GcpSandbox, fault: dict[str, Any], told: tuple[int, str, str]
) -> None:
    gcp_sandbox.inject(Fault(action="compute.instances.list", **fault))
    answer = calls.call("GET", INSTANCES)
    assert (answer.status, answer.reason) == told[:2]
    assert told[2] in (None, answer.content["error"]["status"])
    assert calls.call("GET", f"/zones/{ZONE}/disks").status == 200
    assert gcp_sandbox.calls()["compute.instances.list"] == 1


def test_a_throttle_says_how_long_to_wait(calls: Caller, gcp_sandbox: GcpSandbox) -> None:
    gcp_sandbox.inject(Fault(kind=FaultKind.THROTTLE, seconds=7))
    assert calls.call("GET", INSTANCES).headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("code", "status"), [("ZONE_RESOURCE_POOL_EXHAUSTED", 503), ("QUOTA_EXCEEDED", 403)]
)
def test_an_operation_fails_later(
    calls: Caller, gcp_sandbox: GcpSandbox, code: str, status: int
) -> None:
    gcp_sandbox.inject(Fault(kind=FaultKind.ERROR, action=INSERT, code=code, times=1))
    request_id = str(uuid.uuid4())
    operation = calls.begin("POST", INSTANCES, machine("web"), requestId=request_id)
    assert operation["status"] == "PENDING"
    ended = calls.wait(operation)
    assert ended["error"]["errors"][0]["code"] == code
    assert ended["httpErrorStatusCode"] == status
    for place in (INSTANCES, f"/zones/{ZONE}/disks"):
        assert "items" not in calls.get(place)
    again = calls.begin("POST", INSTANCES, machine("web"), requestId=request_id)
    assert again["name"] == operation["name"]
    launch(calls)


def test_a_start_that_finds_no_room(calls: Caller, gcp_sandbox: GcpSandbox) -> None:
    web = launch(calls)
    calls.change("POST", f"{web}/stop")
    code = "ZONE_RESOURCE_POOL_EXHAUSTED"
    gcp_sandbox.inject(Fault(kind=FaultKind.ERROR, action="compute.instances.start", code=code))
    ended = calls.wait(calls.begin("POST", f"{web}/start"))
    assert ended["error"]["errors"][0]["code"] == code
    assert calls.get(web)["status"] == "TERMINATED"


def test_a_reply_is_lost_after_the_machine_was_made(calls: Caller, gcp_sandbox: GcpSandbox) -> None:
    gcp_sandbox.inject(Fault(kind=FaultKind.DROP_REPLY, action=INSERT, times=1))
    request_id = str(uuid.uuid4())
    with pytest.raises((http.client.HTTPException, OSError)):
        calls.begin("POST", INSTANCES, machine("web"), requestId=request_id)
    operation = calls.begin("POST", INSTANCES, machine("web"), requestId=request_id)
    assert "error" not in calls.wait(operation)
    assert len(calls.get(INSTANCES)["items"]) == 1


def test_faults_of_a_region_a_zone_and_a_caller(calls: Caller, gcp_sandbox: GcpSandbox) -> None:
    gcp_sandbox.inject(
        Fault(kind=FaultKind.DENY, region=REGION, action="compute.instances.list"),
        Fault(kind=FaultKind.THROTTLE, region="us-east1-b", action="compute.instances.list"),
        Fault(kind=FaultKind.ERROR, access_key=gcp_sandbox.other_access_key),
    )
    told = {
        zone: calls.call("GET", f"/zones/{zone}/instances").status
        for zone in (ZONE, "us-east1-b", "us-east1-c")
    }
    assert told == {ZONE: 403, "us-east1-b": 429, "us-east1-c": 200}
    other = caller(gcp_sandbox, project=gcp_sandbox.other_account)
    assert other.call("GET", "/zones/us-east1-c/instances").status == 503


def test_a_delay(calls: Caller, gcp_sandbox: GcpSandbox) -> None:
    gcp_sandbox.inject(Fault(kind=FaultKind.DELAY, seconds=0.3))
    started = time.monotonic()
    calls.get(INSTANCES)
    assert time.monotonic() - started >= 0.3

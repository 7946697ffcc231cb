"""Faults of the sandbox OpenStack, in the error format of its services."""

from __future__ import annotations

import time

import pytest
import requests

from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.openstack import OpenStackSandbox
from tests.integration.sandbox.openstack import (
    INTEGRATION,
    Http,
    await_server,
    connect,
    make_server,
)

pytestmark = INTEGRATION

SERVERS = "/compute/v2.1/servers"


@pytest.mark.parametrize(
    ("fault", "path", "status", "text"),
    [
        ({"kind": "throttle", "seconds": 7}, SERVERS, 429, "rate-limited"),
        ({"kind": "throttle", "code": "overLimit"}, SERVERS, 413, '"overLimit"'),
        ({"kind": "error"}, SERVERS, 500, '"computeFault"'),
        ({"kind": "error", "status": 503}, SERVERS, 503, '"serviceUnavailable"'),
        ({"kind": "deny"}, SERVERS, 403, "os_compute_api:servers:list"),
        ({"kind": "expire"}, SERVERS, 401, '"Unauthorized"'),
        ({"kind": "deny"}, "/network/v2.0/ports", 403, "disallowed by policy"),
        ({"kind": "error"}, "/network/v2.0/ports", 500, '"NeutronError"'),
        ({"kind": "deny"}, "/image/v2/images", 403, "not authorized to complete"),
    ],
)
def test_a_refusal_has_the_error_format_of_the_service(
    openstack_sandbox: OpenStackSandbox,
    fault: dict[str, object],
    path: str,
    status: int,
    text: str,
) -> None:
    with Http(openstack_sandbox) as http:
        openstack_sandbox.inject(Fault.model_validate(fault))
        reply = http.call("GET", path)
    assert reply.status_code == status
    assert text in reply.text
    if fault["kind"] == "throttle":
        assert reply.headers["Retry-After"] == str(fault.get("seconds", 1))


def test_faults_strike_by_region_and_user(openstack_sandbox: OpenStackSandbox) -> None:
    openstack_sandbox.inject(
        Fault(kind=FaultKind.DENY, action="compute.*", region="RegionTwo"),
        Fault(kind=FaultKind.DENY, action="compute.servers.*", access_key="other"),
        Fault(kind=FaultKind.ERROR, action="identity.tokens.create", access_key="auditor"),
    )
    other_region = f"{openstack_sandbox.endpoint}/RegionTwo{SERVERS}"
    with Http(openstack_sandbox) as http, Http(openstack_sandbox, "other") as other:
        assert http.call("GET", SERVERS).status_code == 200
        assert http.call("GET", other_region).status_code == 403
        assert other.call("GET", SERVERS).status_code == 403
        assert other.call("GET", "/compute/v2.1/flavors").status_code == 200
    with pytest.raises(requests.HTTPError, match="500"):
        Http(openstack_sandbox, "auditor")


def test_a_lost_reply_leaves_a_server(openstack_sandbox: OpenStackSandbox) -> None:
    with Http(openstack_sandbox) as http:
        image = http.get("/image/v2/images?name=debian-12")["images"][0]["id"]
        openstack_sandbox.inject(
            Fault(kind=FaultKind.DROP_REPLY, action="compute.servers.create", times=1)
        )
        body = {"name": "lost", "flavorRef": "2", "imageRef": image}
        with pytest.raises(requests.ConnectionError):
            http.call("POST", SERVERS, {"server": body})
        assert [server["name"] for server in http.get(SERVERS)["servers"]] == ["lost"]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("NoValidHost", "No valid host was found"),
        ("MaxRetriesExceeded", "Exceeded maximum number of retries"),
        ("VolumeLimitExceeded", "VolumeLimitExceeded"),
    ],
)
def test_a_build_fails_with_a_fault_and_leaves_no_port(
    openstack_sandbox: OpenStackSandbox, code: str, text: str
) -> None:
    cloud = connect(openstack_sandbox)
    openstack_sandbox.inject(
        Fault(kind=FaultKind.ERROR, action="compute.servers.create", code=code)
    )
    server = await_server(cloud, make_server(cloud), "ERROR")
    assert text in server.fault["message"]
    assert list(cloud.network.ports(device_id=server.id)) == []
    cloud.compute.delete_server(server)
    cloud.compute.wait_for_delete(server, interval=0.02, wait=10)


def test_a_quota_refusal_and_a_slow_transition(openstack_sandbox: OpenStackSandbox) -> None:
    cloud = connect(openstack_sandbox)
    server = await_server(cloud, make_server(cloud))
    openstack_sandbox.inject(
        Fault(kind=FaultKind.ERROR, action="compute.servers.stop", code="Slow", seconds=0.6),
        Fault(kind=FaultKind.ERROR, action="compute.servers.create", code="QuotaExceeded"),
    )
    cloud.compute.stop_server(server)
    time.sleep(0.4)
    assert cloud.compute.get_server(server.id).task_state == "powering-off"
    await_server(cloud, server, "SHUTOFF")
    with Http(openstack_sandbox) as http:
        reply = http.call("POST", SERVERS, {"server": {}})
    assert reply.status_code == 403
    assert "Quota exceeded for instances" in reply.json()["forbidden"]["message"]


def test_a_resize_without_a_host_leaves_the_server_as_it_was(
    openstack_sandbox: OpenStackSandbox,
) -> None:
    cloud = connect(openstack_sandbox)
    server = await_server(cloud, make_server(cloud))
    openstack_sandbox.inject(
        Fault(kind=FaultKind.ERROR, action="compute.servers.resize", code="NoValidHost")
    )
    cloud.compute.resize_server(server, "3")
    assert await_server(cloud, server).flavor.original_name == "m1.small"
    openstack_sandbox.clear()
    larger = await_server(cloud, make_server(cloud, flavor_id="3"))
    cloud.compute.resize_server(larger, "2")  # nova cannot shrink a disk
    assert await_server(cloud, larger).flavor.original_name == "m1.medium"


def test_servers_of_a_cell_that_is_down_are_unknown(openstack_estate: OpenStackSandbox) -> None:
    with Http(openstack_estate) as http:
        complete = http.get(f"{SERVERS}/detail", "2.96")["servers"]
        openstack_estate.inject(
            Fault(kind=FaultKind.ERROR, action="compute.servers.list", code="CellDown")
        )
        reported = http.get(f"{SERVERS}/detail", "2.69")["servers"]
        omitting = http.get(f"{SERVERS}/detail", "2.68")["servers"]
    unknown = [server for server in reported if server["status"] == "UNKNOWN"]
    assert len(reported) == len(complete)
    assert len(unknown) == len(complete) - len(omitting) > 0
    assert set(unknown[0]) == {"created", "id", "links", "status", "tenant_id"}

"""Every reply of the sandbox GCP keeps to Google's own schemas."""

from __future__ import annotations

import pytest

from skyclust_sandbox.gcp.discovery import api
from skyclust_sandbox.gcp.handlers import HANDLERS, SCOPES, collection_of
from tests.fixtures.gcp import GcpSandbox
from tests.integration.sandbox.gcp import REGION, ZONE, caller, hold_to_schema, launch

pytestmark = pytest.mark.integration

LISTS = sorted(
    method.id
    for method in api("compute.v1").methods.values()
    if method.action in ("list", "aggregatedList")
    and collection_of(method.collection) in SCOPES
    and (method.action == "list" or method.collection != "regionOperations")
)


def test_every_handler_is_a_method_of_google() -> None:
    assert set(HANDLERS) <= set(api("compute.v1").methods)


@pytest.mark.parametrize("seed", ["empty", "estate"])
def test_every_list_of_every_seed(gcp_sandbox: GcpSandbox, seed: str) -> None:
    gcp_sandbox.reset(seed)
    calls = caller(gcp_sandbox)
    found = 0
    for method in LISTS:
        path = api("compute.v1").methods[method].pattern.pattern
        for name, value in {"project": "P", "zone": ZONE, "region": REGION}.items():
            path = path.replace(f"(?P<{name}>[^/:]+)", value)
        path = path.partition("/projects/P")[2]
        if "(?P<" in path:
            continue
        found += 1
        content = calls.get(path)
        for item in content["items"] if isinstance(content.get("items"), list) else ():
            if "selfLink" in item:
                one = item["selfLink"].partition(f"/projects/{calls.project}")[2]
                assert calls.get(one)["name"] == item["name"]
    assert found > 40


def test_the_life_of_everything(gcp_sandbox: GcpSandbox) -> None:
    """Each call is held to its schema by the caller."""
    calls = caller(gcp_sandbox)
    calls.change("POST", "/global/networks", {"name": "custom", "autoCreateSubnetworks": False})
    network = f"projects/{calls.project}/global/networks/custom"
    subnetwork = {"name": "custom-a", "network": network, "ipCidrRange": "10.9.0.0/24"}
    calls.change("POST", f"/regions/{REGION}/subnetworks", subnetwork)
    firewall = {"name": "ssh", "network": network, "allowed": [{"IPProtocol": "tcp"}]}
    calls.change("POST", "/global/firewalls", firewall)
    calls.change("POST", f"/regions/{REGION}/addresses", {"name": "fixed", "labels": {"a": "b"}})
    calls.change("POST", "/global/addresses", {"name": "worldwide"})
    launch(calls, labels={"team": "web"}, tags={"items": ["web"]})
    disk = {"name": "data", "sizeGb": 20, "type": f"zones/{ZONE}/diskTypes/pd-ssd"}
    calls.change("POST", f"/zones/{ZONE}/disks", disk)
    calls.change("POST", f"/zones/{ZONE}/disks/data/resize", {"sizeGb": "30"})
    calls.change("POST", f"/zones/{ZONE}/disks/data/createSnapshot", {"name": "kept"})
    source = f"zones/{ZONE}/disks/data"
    calls.change("POST", "/global/snapshots", {"name": "kept-too", "sourceDisk": source})
    calls.change("POST", "/global/images", {"name": "own", "sourceDisk": source, "family": "own"})
    assert calls.get("/global/images/family/own")["diskSizeGb"] == "30"
    calls.get("/aggregated/instances", includeAllScopes="true")
    calls.get("/global/snapshots/kept")
    calls.get("")
    for what in ("images/own", "snapshots/kept", "snapshots/kept-too", "firewalls/ssh"):
        calls.change("DELETE", f"/global/{what}")
    calls.change("DELETE", f"/zones/{ZONE}/disks/data")
    calls.change("DELETE", f"/regions/{REGION}/addresses/fixed")
    calls.change("DELETE", f"/regions/{REGION}/subnetworks/custom-a")
    calls.change("DELETE", "/global/networks/custom")
    assert len(calls.get("/aggregated/operations")["items"]["global"]["operations"]) >= 10


def test_load_balancers_are_kept_as_given(gcp_sandbox: GcpSandbox) -> None:
    calls = caller(gcp_sandbox)
    where = f"/regions/{REGION}"
    calls.change("POST", f"{where}/targetPools", {"name": "pool"})
    target = f"projects/{calls.project}/regions/{REGION}/targetPools/pool"
    rule = {"name": "front", "target": target, "portRange": "80", "labels": {"a": "b"}}
    calls.change("POST", f"{where}/forwardingRules", rule)
    found = calls.get(f"{where}/forwardingRules/front")
    assert found["target"] == target
    assert found["IPAddress"].startswith("198.1")
    scopes = calls.get("/aggregated/forwardingRules")["items"]
    assert scopes[f"regions/{REGION}"]["forwardingRules"][0]["name"] == "front"
    assert scopes["global"]["warning"]["code"] == "NO_RESULTS_ON_PAGE"
    calls.change("POST", "/global/backendServices", {"name": "service", "protocol": "HTTP"})
    calls.change("DELETE", "/global/backendServices/service")
    calls.change("DELETE", f"{where}/forwardingRules/front")
    calls.change("DELETE", f"{where}/targetPools/pool")


@pytest.mark.parametrize("version", ["v1", "v3"])
def test_the_resource_manager(gcp_sandbox: GcpSandbox, version: str) -> None:
    calls = caller(gcp_sandbox)
    name, path = f"cloudresourcemanager.{version}", f"/{version}/projects/sandbox-project"
    project = calls.ask("GET", path)
    hold_to_schema(name, "GET", path, project.content)
    assert project.content["projectId"] == "sandbox-project"
    asked = {"permissions": ["compute.instances.list", "compute.instances.create"]}
    tested = calls.ask("POST", f"{path}:testIamPermissions", asked)
    assert tested.content == asked
    viewer = caller(gcp_sandbox, "viewer")
    tested = viewer.ask("POST", f"{path}:testIamPermissions", asked)
    assert tested.content == {"permissions": ["compute.instances.list"]}
    assert calls.ask("GET", f"/{version}/projects/other-project").status == 403


def test_what_the_sandbox_does_not_have_is_told(gcp_sandbox: GcpSandbox) -> None:
    calls = caller(gcp_sandbox)
    answer = calls.call("GET", "/global/instanceTemplates")
    assert (answer.status, answer.reason) == (501, "notImplemented")
    assert calls.call("GET", "/global/nonsense").status == 404

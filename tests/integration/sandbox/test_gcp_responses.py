"""Responses of the sandbox GCP conform to the schemas of the discovery documents."""

from __future__ import annotations

import pytest

from skyclust_sandbox.gcp.discovery import api
from skyclust_sandbox.gcp.handlers import HANDLERS, SCOPES, collection_of
from tests.fixtures.gcp import GcpSandbox
from tests.integration.sandbox.gcp import (
    REGION,
    ZONE,
    check_schema,
    compute_client,
    create_instance,
)

pytestmark = pytest.mark.integration

LISTS = sorted(
    method.id
    for method in api("compute.v1").methods.values()
    if method.action in ("list", "aggregatedList")
    and collection_of(method.collection) in SCOPES
    and (method.action == "list" or method.collection != "regionOperations")
)


def test_every_handler_belongs_to_a_documented_method() -> None:
    assert set(HANDLERS) <= set(api("compute.v1").methods)


@pytest.mark.parametrize("seed", ["empty", "estate"])
def test_every_list_method_with_every_seed(gcp_sandbox: GcpSandbox, seed: str) -> None:
    gcp_sandbox.reset(seed)
    client = compute_client(gcp_sandbox)
    checked = 0
    for method in LISTS:
        path = api("compute.v1").methods[method].pattern.pattern
        for name, value in {"project": "P", "zone": ZONE, "region": REGION}.items():
            path = path.replace(f"(?P<{name}>[^/:]+)", value)
        path = path.partition("/projects/P")[2]
        if "(?P<" in path:
            continue
        checked += 1
        content = client.get(path)
        for item in content["items"] if isinstance(content.get("items"), list) else ():
            if "selfLink" in item:
                item_path = item["selfLink"].partition(f"/projects/{client.project}")[2]
                assert client.get(item_path)["name"] == item["name"]
    assert checked > 40


def test_every_kind_can_be_created_and_deleted(gcp_sandbox: GcpSandbox) -> None:
    """The client checks the schema of each response."""
    client = compute_client(gcp_sandbox)
    client.change("POST", "/global/networks", {"name": "custom", "autoCreateSubnetworks": False})
    network = f"projects/{client.project}/global/networks/custom"
    subnetwork = {"name": "custom-a", "network": network, "ipCidrRange": "10.9.0.0/24"}
    client.change("POST", f"/regions/{REGION}/subnetworks", subnetwork)
    firewall = {"name": "ssh", "network": network, "allowed": [{"IPProtocol": "tcp"}]}
    client.change("POST", "/global/firewalls", firewall)
    client.change("POST", f"/regions/{REGION}/addresses", {"name": "fixed", "labels": {"a": "b"}})
    client.change("POST", "/global/addresses", {"name": "worldwide"})
    create_instance(client, labels={"team": "web"}, tags={"items": ["web"]})
    disk = {"name": "data", "sizeGb": 20, "type": f"zones/{ZONE}/diskTypes/pd-ssd"}
    client.change("POST", f"/zones/{ZONE}/disks", disk)
    client.change("POST", f"/zones/{ZONE}/disks/data/resize", {"sizeGb": "30"})
    client.change("POST", f"/zones/{ZONE}/disks/data/createSnapshot", {"name": "kept"})
    source = f"zones/{ZONE}/disks/data"
    client.change("POST", "/global/snapshots", {"name": "kept-too", "sourceDisk": source})
    client.change("POST", "/global/images", {"name": "own", "sourceDisk": source, "family": "own"})
    assert client.get("/global/images/family/own")["diskSizeGb"] == "30"
    client.get("/aggregated/instances", includeAllScopes="true")
    client.get("/global/snapshots/kept")
    client.get("")
    for path in ("images/own", "snapshots/kept", "snapshots/kept-too", "firewalls/ssh"):
        client.change("DELETE", f"/global/{path}")
    client.change("DELETE", f"/zones/{ZONE}/disks/data")
    client.change("DELETE", f"/regions/{REGION}/addresses/fixed")
    client.change("DELETE", f"/regions/{REGION}/subnetworks/custom-a")
    client.change("DELETE", "/global/networks/custom")
    assert len(client.get("/aggregated/operations")["items"]["global"]["operations"]) >= 10


def test_the_parts_of_load_balancers_are_stored_as_given(gcp_sandbox: GcpSandbox) -> None:
    client = compute_client(gcp_sandbox)
    where = f"/regions/{REGION}"
    client.change("POST", f"{where}/targetPools", {"name": "pool"})
    target = f"projects/{client.project}/regions/{REGION}/targetPools/pool"
    rule = {"name": "front", "target": target, "portRange": "80", "labels": {"a": "b"}}
    client.change("POST", f"{where}/forwardingRules", rule)
    stored = client.get(f"{where}/forwardingRules/front")
    assert stored["target"] == target
    assert stored["IPAddress"].startswith("198.1")
    scopes = client.get("/aggregated/forwardingRules")["items"]
    assert scopes[f"regions/{REGION}"]["forwardingRules"][0]["name"] == "front"
    assert scopes["global"]["warning"]["code"] == "NO_RESULTS_ON_PAGE"
    client.change("POST", "/global/backendServices", {"name": "service", "protocol": "HTTP"})
    client.change("DELETE", "/global/backendServices/service")
    client.change("DELETE", f"{where}/forwardingRules/front")
    client.change("DELETE", f"{where}/targetPools/pool")


@pytest.mark.parametrize("version", ["v1", "v3"])
def test_the_resource_manager(gcp_sandbox: GcpSandbox, version: str) -> None:
    client = compute_client(gcp_sandbox)
    name, path = f"cloudresourcemanager.{version}", f"/{version}/projects/sandbox-project"
    project = client.request("GET", path)
    check_schema(name, "GET", path, project.content)
    assert project.content["projectId"] == "sandbox-project"
    permissions = {"permissions": ["compute.instances.list", "compute.instances.create"]}
    tested = client.request("POST", f"{path}:testIamPermissions", permissions)
    assert tested.content == permissions
    viewer = compute_client(gcp_sandbox, "viewer")
    tested = viewer.request("POST", f"{path}:testIamPermissions", permissions)
    assert tested.content == {"permissions": ["compute.instances.list"]}
    assert client.request("GET", f"/{version}/projects/other-project").status == 403


def test_methods_that_the_sandbox_lacks_are_not_implemented(gcp_sandbox: GcpSandbox) -> None:
    client = compute_client(gcp_sandbox)
    response = client.call("GET", "/global/instanceTemplates")
    assert (response.status, response.reason) == (501, "notImplemented")
    assert client.call("GET", "/global/nonsense").status == 404

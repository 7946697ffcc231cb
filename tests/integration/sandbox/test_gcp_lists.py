"""List methods of the sandbox GCP: pages, filters, aggregated lists and unreachable scopes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.gcp import GcpSandbox
from tests.fixtures.machine_speed import bound
from tests.integration.sandbox.gcp import ZONE, ComputeClient, compute_client

pytestmark = pytest.mark.integration

ALL = "/aggregated/instances"


def pages(client: ComputeClient, path: str, **query: object) -> list[Any]:
    read: list[Any] = []
    token: dict[str, object] = {}
    while True:
        read.append(client.get(path, **query, **token))
        if "nextPageToken" not in read[-1]:
            return read
        token = {"pageToken": read[-1]["nextPageToken"]}


def self_links(read: list[Any]) -> list[str]:
    return [
        instance["selfLink"]
        for page in read
        for part in page["items"].values()
        for instance in part.get("instances", ())
    ]


def test_the_pages_of_a_list_have_all_items(gcp_estate: GcpSandbox) -> None:
    client = compute_client(gcp_estate)
    whole = self_links(pages(client, ALL))
    assert len(set(whole)) == len(whole) >= 300
    assert self_links(pages(client, ALL, maxResults=7)) == whole
    gcp_estate.limit_pages(100)
    limited = pages(client, ALL)
    assert len(limited) == 4
    assert self_links(limited) == whole
    zone = "/zones/europe-west3-a/instances"
    gcp_estate.limit_pages(1)
    listed = [instance["selfLink"] for page in pages(client, zone) for instance in page["items"]]
    assert listed == [link for link in whole if "/europe-west3-a/" in link]


def test_every_page_of_an_aggregated_list_has_all_scopes(gcp_estate: GcpSandbox) -> None:
    client = compute_client(gcp_estate)
    page = client.get(ALL, maxResults=1)
    assert len(page["items"]) == 25
    empty = page["items"]["zones/us-west1-a"]["warning"]
    assert empty["code"] == "NO_RESULTS_ON_PAGE"
    assert empty["data"] == [{"key": "scope", "value": "zones/us-west1-a"}]


@pytest.mark.parametrize(
    "query",
    [{"maxResults": 501}, {"maxResults": "x"}, {"pageToken": "x"}, {"orderBy": "size"}],
)
def test_invalid_page_parameters_are_rejected(
    gcp_sandbox: GcpSandbox, query: dict[str, object]
) -> None:
    assert compute_client(gcp_sandbox).call("GET", ALL, **query).reason == "invalid"


def test_a_page_token_is_valid_for_its_list_only(gcp_estate: GcpSandbox) -> None:
    client = compute_client(gcp_estate)
    token = client.get(ALL, maxResults=1)["nextPageToken"]
    assert client.call("GET", ALL, pageToken=token, filter="name=x").status == 400
    assert client.call("GET", "/aggregated/disks", pageToken=token).status == 400


def test_order_by_creation_time(gcp_estate: GcpSandbox) -> None:
    client = compute_client(gcp_estate)
    read = pages(client, "/global/images", orderBy="creationTimestamp desc", maxResults=2)
    listed = [image["name"] for page in read for image in page["items"]]
    assert listed == sorted(listed)  # names end with the age in days
    assert len(listed) == 6


def test_filters(gcp_estate: GcpSandbox) -> None:
    client = compute_client(gcp_estate)
    everything = len(self_links(pages(client, ALL)))
    payments = len(self_links(pages(client, ALL, filter="labels.team=payments")))
    others = len(self_links(pages(client, ALL, filter='labels.team != "payments"')))
    assert 0 < payments < everything
    assert payments + others == everything
    zone = f"https://www.googleapis.com/compute/v1/projects/{client.project}/zones/europe-west3-a"
    query = f'(zone = "{zone}") (status = RUNNING)'
    assert all("/europe-west3-a/" in link for link in self_links(pages(client, ALL, filter=query)))
    read = client.get("/zones/europe-west3-a/instances", filter="name eq orders-.*")
    assert {instance["name"].partition("-")[0] for instance in read["items"]} == {"orders"}
    assert client.call("GET", ALL, filter="name=(").status == 400


def test_partial_response(gcp_estate: GcpSandbox) -> None:
    client = compute_client(gcp_estate)
    page = client.get(ALL, fields="items/*/instances(name,zone),nextPageToken", maxResults=5)
    assert set(page) == {"items", "nextPageToken"}
    instances = [item for part in page["items"].values() for item in part.get("instances", ())]
    assert [set(instance) for instance in instances] == [{"name", "zone"}] * 5


@pytest.mark.parametrize("location", ["europe-west3", "europe-west3-a"])
def test_an_unreachable_location(gcp_estate: GcpSandbox, location: str) -> None:
    client = compute_client(gcp_estate)
    whole = self_links(pages(client, ALL))
    gcp_estate.inject(Fault(kind=FaultKind.ERROR, action="compute.*", region=location))
    refused = client.call("GET", ALL)
    assert (refused.status, refused.reason) == (503, "backendError")
    read = pages(client, ALL, returnPartialSuccess="true", maxResults=50)
    assert self_links(read) == [link for link in whole if f"/{location}" not in link]
    for page in read:
        assert page["warning"]["code"] == "UNREACHABLE"
        assert "zones/europe-west3-a" in page["unreachables"]
        assert page["items"]["zones/europe-west3-a"]["warning"]["code"] == "UNREACHABLE"
    assert client.call("GET", "/zones/europe-west3-a/instances").status == 503
    assert client.call("GET", "/zones/europe-west1-b/instances").status == 200
    gcp_estate.clear()
    assert self_links(pages(client, ALL)) == whole


def test_five_thousand_instances_are_listed_within_seconds(gcp_sandbox: GcpSandbox) -> None:
    client = compute_client(gcp_sandbox)
    gcp_sandbox.call_control("POST", "instances", {"count": 5000, "zone": ZONE})
    token: dict[str, object] = {}
    count, started = 0, time.monotonic()
    while True:
        path = f"/compute/v1/projects/{client.project}{ALL}"
        page = client.request("GET", path, **token).content
        count += len(page["items"][f"zones/{ZONE}"].get("instances", ()))
        if "nextPageToken" not in page:
            break
        token = {"pageToken": page["nextPageToken"]}
    assert count == 5000
    assert time.monotonic() - started < bound(3)  # 0.2 s on an idle computer
    assert len(client.get(f"/zones/{ZONE}/instances", maxResults=1)["items"]) == 1

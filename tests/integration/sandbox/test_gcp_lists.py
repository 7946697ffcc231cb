"""Lists of the sandbox GCP: pages, filters, all scopes at once, and scopes out of reach."""

from __future__ import annotations

import time
from typing import Any

import pytest

from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.gcp import GcpSandbox
from tests.fixtures.machine_speed import bound
from tests.integration.sandbox.gcp import ZONE, Caller, caller

pytestmark = pytest.mark.integration

ALL = "/aggregated/instances"


def pages(calls: Caller, path: str, **query: object) -> list[Any]:
    read: list[Any] = []
    token: dict[str, object] = {}
    while True:
        read.append(calls.get(path, **query, **token))
        if "nextPageToken" not in read[-1]:
            return read
        token = {"pageToken": read[-1]["nextPageToken"]}


def names(read: list[Any]) -> list[str]:
    return [
        one["selfLink"]
        for page in read
        for part in page["items"].values()
        for one in part.get("instances", ())
    ]


def test_pages_add_up(gcp_estate: GcpSandbox) -> None:
    calls = caller(gcp_estate)
    whole = names(pages(calls, ALL))
    assert len(set(whole)) == len(whole) >= 300
    assert names(pages(calls, ALL, maxResults=7)) == whole
    gcp_estate.limit_pages(100)
    limited = pages(calls, ALL)
    assert len(limited) == 4
    assert names(limited) == whole
    zone = "/zones/europe-west3-a/instances"
    gcp_estate.limit_pages(1)
    listed = [one["selfLink"] for page in pages(calls, zone) for one in page["items"]]
    assert listed == [one for one in whole if "/europe-west3-a/" in one]


def test_every_scope_is_named_on_every_page(gcp_estate: GcpSandbox) -> None:
    calls = caller(gcp_estate)
    page = calls.get(ALL, maxResults=1)
    assert len(page["items"]) == 25
    empty = page["items"]["zones/us-west1-a"]["warning"]
    assert empty["code"] == "NO_RESULTS_ON_PAGE"
    assert empty["data"] == [{"key": "scope", "value": "zones/us-west1-a"}]


@pytest.mark.parametrize(
    "query",
    [{"maxResults": 501}, {"maxResults": "x"}, {"pageToken": "x"}, {"orderBy": "size"}],
)
def test_what_is_no_page_is_refused(gcp_sandbox: GcpSandbox, query: dict[str, object]) -> None:
    assert caller(gcp_sandbox).call("GET", ALL, **query).reason == "invalid"


def test_a_token_belongs_to_its_list(gcp_estate: GcpSandbox) -> None:
    calls = caller(gcp_estate)
    token = calls.get(ALL, maxResults=1)["nextPageToken"]
    assert calls.call("GET", ALL, pageToken=token, filter="name=x").status == 400
    assert calls.call("GET", "/aggregated/disks", pageToken=token).status == 400


def test_the_newest_first(gcp_estate: GcpSandbox) -> None:
    calls = caller(gcp_estate)
    read = pages(calls, "/global/images", orderBy="creationTimestamp desc", maxResults=2)
    listed = [one["name"] for page in read for one in page["items"]]
    assert listed == sorted(listed)  # their names end in their age
    assert len(listed) == 6


def test_filters(gcp_estate: GcpSandbox) -> None:
    calls = caller(gcp_estate)
    everything = len(names(pages(calls, ALL)))
    payments = len(names(pages(calls, ALL, filter="labels.team=payments")))
    others = len(names(pages(calls, ALL, filter='labels.team != "payments"')))
    assert 0 < payments < everything
    assert payments + others == everything
    zone = f"https://www.googleapis.com/compute/v1/projects/{calls.project}/zones/europe-west3-a"
    query = f'(zone = "{zone}") (status = RUNNING)'
    assert all("/europe-west3-a/" in one for one in names(pages(calls, ALL, filter=query)))
    read = calls.get("/zones/europe-west3-a/instances", filter="name eq orders-.*")
    assert {one["name"].partition("-")[0] for one in read["items"]} == {"orders"}
    assert calls.call("GET", ALL, filter="name=(").status == 400


def test_part_of_a_reply(gcp_estate: GcpSandbox) -> None:
    calls = caller(gcp_estate)
    page = calls.get(ALL, fields="items/*/instances(name,zone),nextPageToken", maxResults=5)
    assert set(page) == {"items", "nextPageToken"}
    found = [one for part in page["items"].values() for one in part.get("instances", ())]
    assert [set(one) for one in found] == [{"name", "zone"}] * 5


@pytest.mark.parametrize("place", ["europe-west3", "europe-west3-a"])
def test_a_place_out_of_reach(gcp_estate: GcpSandbox, place: str) -> None:
    calls = caller(gcp_estate)
    whole = names(pages(calls, ALL))
    gcp_estate.inject(Fault(kind=FaultKind.ERROR, action="compute.*", region=place))
    refused = calls.call("GET", ALL)
    assert (refused.status, refused.reason) == (503, "backendError")
    read = pages(calls, ALL, returnPartialSuccess="true", maxResults=50)
    assert names(read) == [one for one in whole if f"/{place}" not in one]
    for page in read:
        assert page["warning"]["code"] == "UNREACHABLE"
        assert "zones/europe-west3-a" in page["unreachables"]
        assert page["items"]["zones/europe-west3-a"]["warning"]["code"] == "UNREACHABLE"
    assert calls.call("GET", "/zones/europe-west3-a/instances").status == 503
    assert calls.call("GET", "/zones/europe-west1-b/instances").status == 200
    gcp_estate.clear()
    assert names(pages(calls, ALL)) == whole


def test_five_thousand_machines_in_a_second(gcp_sandbox: GcpSandbox) -> None:
    calls = caller(gcp_sandbox)
    gcp_sandbox.ask("POST", "instances", {"count": 5000, "zone": ZONE})
    token: dict[str, object] = {}
    found, started = 0, time.monotonic()
    while True:
        path = f"/compute/v1/projects/{calls.project}{ALL}"
        page = calls.ask("GET", path, **token).content
        found += len(page["items"][f"zones/{ZONE}"].get("instances", ()))
        if "nextPageToken" not in page:
            break
        token = {"pageToken": page["nextPageToken"]}
    assert found == 5000
    assert time.monotonic() - started < bound(3)  # 0.2 s where nothing else runs
    assert len(calls.get(f"/zones/{ZONE}/instances", maxResults=1)["items"]) == 1

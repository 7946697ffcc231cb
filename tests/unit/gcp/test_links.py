"""Links, and the ids that are made of them."""

from __future__ import annotations

import pytest

from providers.gcp.links import (
    InstanceId,
    Link,
    parse_instance_id,
    parse_link,
    region_of,
    to_id,
    to_instance_id,
)
from skyclust.errors import NotFound
from tests.unit.gcp.examples import HOME


@pytest.mark.parametrize(
    ("url", "link"),
    [
        (f"{HOME}/zones/us-east1-b/disks/web", Link("acme", "us-east1-b", "disks", "web")),
        (f"{HOME}/regions/us-east1/addresses/a", Link("acme", "us-east1", "addresses", "a")),
        (f"{HOME}/global/networks/net", Link("acme", "global", "networks", "net")),
        ("projects/acme/global/images/i", Link("acme", "global", "images", "i")),
        ("zones/us-east1-b/machineTypes/t", Link("", "us-east1-b", "machineTypes", "t")),
        (f"{HOME}/regions/us-east1", Link("acme", "", "regions", "us-east1")),
        ("", Link("", "", "", "")),
    ],
)
def test_a_link_is_split_into_its_parts(url: str, link: Link) -> None:
    assert parse_link(url) == link


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("acme/zones/us-east1-b/disks/web", "us-east1-b/web"),
        ("acme/regions/us-east1/subnetworks/s", "us-east1/s"),
        ("acme/global/networks/net", "net"),
        ("host/global/networks/net", "projects/host/global/networks/net"),
    ],
)
def test_the_id_of_another_projects_resource_is_its_full_link(path: str, shown: str) -> None:
    assert to_id(f"https://compute.example.com/compute/v1/projects/{path}", "acme") == shown


@pytest.mark.parametrize(
    ("location", "region"),
    [
        ("europe-west3-a", "europe-west3"),
        ("us-central1-ai1a", "us-central1"),
        ("northamerica-northeast1", "northamerica-northeast1"),
        ("global", "global"),
        ("me-central2", "me-central2"),
    ],
)
def test_the_region_of_a_location(location: str, region: str) -> None:
    assert region_of(location) == region


def test_an_instance_id_is_parsed_as_it_was_written() -> None:
    written = to_instance_id(f"{HOME}/zones/europe-west3-a/instances/web-1", "77")
    assert written == "europe-west3-a/web-1/77"
    assert parse_instance_id("europe-west3", written) == InstanceId("europe-west3-a", "web-1", "77")


@pytest.mark.parametrize(
    "wrong", ["web-1", "europe-west3-a/web-1", "europe-west3-a/web-1/x", "us-east1-b/web-1/77", ""]
)
def test_an_id_that_no_instance_of_the_region_can_have_is_not_found(wrong: str) -> None:
    with pytest.raises(NotFound):
        parse_instance_id("europe-west3", wrong)

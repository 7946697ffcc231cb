"""Lists that change while their pages are read."""

from __future__ import annotations

import time

import pytest

from providers.openstack.provider import OpenStackProvider
from skyclust.errors import Unavailable
from skyclust.model.resource import Resource, ResourceKind
from tests.conformance.openstack import OpenStackHarness

pytestmark = pytest.mark.integration


def _read(provider: OpenStackProvider, region: str, kind: ResourceKind) -> list[Resource]:
    return [one for page in provider.list_resources(region, kind) for one in page]


def test_a_list_that_restarts_yields_no_item_twice(
    harness: OpenStackHarness, provider: OpenStackProvider
) -> None:
    """Neutron restarts a list of subnets when the subnet of the marker has been deleted."""
    seeded = set(harness.seed(ResourceKind.SUBNET, 4))
    pages = iter(provider.list_resources(harness.region, ResourceKind.SUBNET, page_size=1))
    found: list[str] = []
    while not seeded & set(found):
        found += [one.id for one in next(pages)]
    harness.remove(f"network/v2.0/subnets/{found[-1]}")
    found += [one.id for page in pages for one in page]
    assert len(found) == len(set(found))
    assert seeded <= set(found)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (ResourceKind.NETWORK, "network/v2.0/networks"),
        (ResourceKind.IMAGE, "image/v2/images"),
        (ResourceKind.INSTANCE, "compute/v2.1/servers"),
    ],
)
def test_a_list_whose_marker_is_deleted_fails(
    harness: OpenStackHarness, provider: OpenStackProvider, kind: ResourceKind, path: str
) -> None:
    seeded = set(harness.seed(kind, 3))
    pages = iter(provider.list_resources(harness.region, kind, page_size=1))
    gone = next(one.id for page in pages for one in page if one.id in seeded)
    harness.remove(f"{path}/{gone}")
    _wait_until_gone(provider, harness.region, kind, gone)
    with pytest.raises(Unavailable, match="changed while it was read"):
        list(pages)


def _wait_until_gone(
    provider: OpenStackProvider, region: str, kind: ResourceKind, gone: str
) -> None:
    end = time.monotonic() + 10
    while gone in {one.id for one in _read(provider, region, kind)}:
        assert time.monotonic() < end, f"{gone} still exists"
        time.sleep(0.03)

"""Inventory of a company's project, and of one that Google cannot wholly reach."""

from __future__ import annotations

import pytest

from providers.gcp.provider import GcpProvider
from skyclust.errors import Unavailable
from skyclust.model.resource import Resource, ResourceKind
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.gcp import GcpSandbox
from tests.integration.gcp.conftest import provider_of

pytestmark = pytest.mark.integration

LISTED_AT_ONCE = [
    ResourceKind.ADDRESS,
    ResourceKind.DISK,
    ResourceKind.INSTANCE,
    ResourceKind.LOAD_BALANCER,
    ResourceKind.SUBNET,
]


def _account(provider: GcpProvider, kind: ResourceKind) -> list[Resource]:
    pages = list(provider.list_account(kind))
    assert [page.unread for page in pages if page.unread] == []
    return [resource for page in pages for resource in page.resources]


def test_an_estate_reads_the_same_at_once_and_region_by_region(gcp_estate: GcpSandbox) -> None:
    provider = provider_of(gcp_estate)
    for kind in sorted(provider.kinds):
        at_once = {resource.id: resource for resource in _account(provider, kind)}
        by_region = {
            resource.id: resource
            for region in provider.regions()
            for page in provider.list_resources(region, kind)
            for resource in page
        }
        assert at_once == by_region
        assert at_once, f"the estate has no {kind}"


def test_what_names_another_thing_leads_to_it(gcp_estate: GcpSandbox) -> None:
    provider = provider_of(gcp_estate)
    found = {kind: {one.id: one for one in _account(provider, kind)} for kind in provider.kinds}
    for machine in found[ResourceKind.INSTANCE].values():
        assert machine.attributes["network"] in found[ResourceKind.NETWORK]
        assert machine.attributes["subnet"] in found[ResourceKind.SUBNET]
        disks = machine.attributes["disks"]
        assert isinstance(disks, list)
        for disk in disks:
            attached = found[ResourceKind.DISK][str(disk)].attributes["attached_to"]
            assert attached == [machine.id]


@pytest.mark.parametrize("kind", LISTED_AT_ONCE)
def test_a_region_out_of_reach_is_named_and_the_others_are_read(
    gcp_estate: GcpSandbox, kind: ResourceKind
) -> None:
    provider = provider_of(gcp_estate)
    whole = _account(provider, kind)
    gcp_estate.inject(
        Fault(kind=FaultKind.ERROR, region="europe-west1", code="backendError", status=503)
    )
    pages = list(provider.list_account(kind))
    unread = {region for page in pages for region in page.unread}
    assert unread == {"europe-west1"}
    for page in pages:
        assert all(isinstance(error, Unavailable) for error in page.unread.values())
    read = [one for page in pages for one in page.resources if one.region not in unread]
    expected = [one.id for one in whole if one.region not in unread]
    assert sorted(one.id for one in read) == sorted(expected)


def test_one_zone_out_of_reach_makes_its_region_unread(gcp_estate: GcpSandbox) -> None:
    provider = provider_of(gcp_estate)
    gcp_estate.inject(Fault(kind=FaultKind.ERROR, region="europe-west1-b", status=503))
    pages = list(provider.list_account(ResourceKind.INSTANCE))
    assert {region for page in pages for region in page.unread} == {"europe-west1"}
    with pytest.raises(Unavailable):
        list(provider.list_resources("europe-west1", ResourceKind.INSTANCE))


@pytest.mark.parametrize(
    ("kind", "region"),
    [
        (ResourceKind.NETWORK, "europe-west1"),
        (ResourceKind.IMAGE, "europe-west1"),
        (ResourceKind.INSTANCE, "global"),
        (ResourceKind.SUBNET, "global"),
    ],
)
def test_a_kind_that_a_place_cannot_have_is_not_there(
    gcp_estate: GcpSandbox, kind: ResourceKind, region: str
) -> None:
    pages = provider_of(gcp_estate).list_resources(region, kind)
    assert [resource for page in pages for resource in page] == []

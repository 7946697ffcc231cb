"""Inventory of a project with many resources, also with unreachable regions."""

from __future__ import annotations

import pytest

from providers.gcp.provider import GcpProvider
from skyclust.errors import Unavailable
from skyclust.model.resource import Resource, ResourceKind
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.gcp import GcpSandbox
from tests.integration.gcp.conftest import provider_of

pytestmark = pytest.mark.integration

AGGREGATED_KINDS = [
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


def test_aggregated_and_regional_lists_return_the_same(gcp_estate: GcpSandbox) -> None:
    provider = provider_of(gcp_estate)
    for kind in sorted(provider.kinds):
        aggregated = {resource.id: resource for resource in _account(provider, kind)}
        by_region = {
            resource.id: resource
            for region in provider.regions()
            for page in provider.list_resources(region, kind)
            for resource in page
        }
        assert aggregated == by_region
        assert aggregated, f"the estate has no {kind}"


def test_references_between_resources_resolve(gcp_estate: GcpSandbox) -> None:
    provider = provider_of(gcp_estate)
    resources = {
        kind: {resource.id: resource for resource in _account(provider, kind)}
        for kind in provider.kinds
    }
    for instance in resources[ResourceKind.INSTANCE].values():
        assert instance.attributes["network"] in resources[ResourceKind.NETWORK]
        assert instance.attributes["subnet"] in resources[ResourceKind.SUBNET]
        disks = instance.attributes["disks"]
        assert isinstance(disks, list)
        for disk in disks:
            attached = resources[ResourceKind.DISK][str(disk)].attributes["attached_to"]
            assert attached == [instance.id]


@pytest.mark.parametrize("kind", AGGREGATED_KINDS)
def test_an_unreachable_region_is_unread_and_all_others_are_read(
    gcp_estate: GcpSandbox, kind: ResourceKind
) -> None:
    provider = provider_of(gcp_estate)
    complete = _account(provider, kind)
    gcp_estate.inject(
        Fault(kind=FaultKind.ERROR, region="europe-west1", code="backendError", status=503)
    )
    pages = list(provider.list_account(kind))
    unread = {region for page in pages for region in page.unread}
    assert unread == {"europe-west1"}
    for page in pages:
        assert all(isinstance(error, Unavailable) for error in page.unread.values())
    read = [
        resource.id
        for page in pages
        for resource in page.resources
        if resource.region not in unread
    ]
    expected = [resource.id for resource in complete if resource.region not in unread]
    assert sorted(read) == sorted(expected)


def test_an_unreachable_zone_makes_its_region_unread(gcp_estate: GcpSandbox) -> None:
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
def test_a_kind_that_does_not_exist_in_a_scope_is_empty(
    gcp_estate: GcpSandbox, kind: ResourceKind, region: str
) -> None:
    pages = provider_of(gcp_estate).list_resources(region, kind)
    assert [resource for page in pages for resource in page] == []

"""Placement checks raise what a create would raise, and create nothing."""

from __future__ import annotations

from typing import Any

import pytest

from providers.openstack.provider import OpenStackProvider
from skyclust.errors import InvalidRequest, NotFound, QuotaExceeded, SkyClustError
from skyclust.inventory.placement import Offer, PassedOver, survey
from skyclust.model.instance import DiskSpec
from skyclust.model.placement import InstanceNeeds, Place
from tests.conformance.openstack import OpenStackHarness
from tests.fixtures.openstack import OpenStackSandbox

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("change", "expected", "message"),
    [
        ({"type": "m1.humongous"}, NotFound, "no flavor 'm1.humongous'"),
        ({"image": "no-such-image"}, NotFound, "no image 'no-such-image'"),
        ({"network": "no-such-network"}, NotFound, "no subnet 'no-such-network'"),
        ({"zone": "az9"}, InvalidRequest, "no zone 'az9'"),
        ({"ssh_keys": ("nobodys",)}, NotFound, "no key pair 'nobodys'"),
        ({"disks": (DiskSpec(size_gib=1, type="floppy"),)}, NotFound, "no disk type 'floppy'"),
        ({"boot_disk": DiskSpec(size_gib=1)}, InvalidRequest, "needs a disk of"),
        ({"tags": {"a/b": "c"}}, InvalidRequest, "'a/b'"),
    ],
)
def test_what_the_region_lacks_is_named(
    provider: OpenStackProvider,
    harness: OpenStackHarness,
    change: dict[str, Any],
    expected: type[SkyClustError],
    message: str,
) -> None:
    before = list(harness.resource_ids())
    spec = harness.spec("web").model_copy(update=change)
    with pytest.raises(expected, match=message):
        provider.check_placement(spec)
    assert list(harness.resource_ids()) == before


@pytest.mark.parametrize(
    ("path", "quota", "message"),
    [
        ("compute/v2.1/os-quota-sets/{}", {"quota_set": {"instances": 0}}, "0 of 0 instances"),
        ("compute/v2.1/os-quota-sets/{}", {"quota_set": {"cores": 0}}, "0 of 0 cores"),
        ("compute/v2.1/os-quota-sets/{}", {"quota_set": {"ram": 100}}, "0 of 100 MiB"),
        ("volume/v3/{0}/os-quota-sets/{0}", {"quota_set": {"volumes": 0}}, "0 of 0 volumes"),
        ("volume/v3/{0}/os-quota-sets/{0}", {"quota_set": {"gigabytes": 4}}, "0 of 4 GiB"),
        ("network/v2.0/quotas/{}", {"quota": {"floatingip": 0}}, "0 of 0 floating IPs"),
    ],
)
def test_an_exhausted_quota_is_named(
    provider: OpenStackProvider,
    openstack_sandbox: OpenStackSandbox,
    harness: OpenStackHarness,
    path: str,
    quota: dict[str, Any],
    message: str,
) -> None:
    spec = harness.spec("web").model_copy(update={"disks": (DiskSpec(size_gib=5),)})
    provider.check_placement(spec)
    harness.change(path.format(openstack_sandbox.project_id), quota)
    with pytest.raises(QuotaExceeded, match=message):
        provider.check_placement(spec)


def test_a_project_with_several_networks_is_passed_over_by_the_survey(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    """A dry run once offered such a place, and the create was refused."""
    wanted = {"name": "web", "cores": 1, "memory_gib": 1, "image_family": harness.image_family}
    needs = InstanceNeeds.model_validate(wanted)
    place = Place(credential="office")
    assert isinstance(survey(provider, needs, place, harness.region), Offer)
    other = harness.made("network/v2.0/networks", "network", {"name": "second"})
    refused = survey(provider, needs, place, harness.region)
    assert isinstance(refused, PassedOver)
    assert "the spec names none" in refused.reason
    assert "private, second" in refused.reason
    bare = survey(provider, needs, place.model_copy(update={"network": "second"}), harness.region)
    assert isinstance(bare, PassedOver)
    assert f"Network {other} in {harness.region} has no subnet" in bare.reason

"""Ids of bills and the resources of the inventory that they name, on five clouds."""

from __future__ import annotations

import pytest

from skyclust.costs.billed_ids import BilledId
from skyclust.costs.resource_matching import match_resources, resource_key
from skyclust.model.resource import ResourceKind
from skyclust.model.stored import StoredResource
from tests.unit.costs.advice.estates import stored

INSTANCE, DISK = ResourceKind.INSTANCE, ResourceKind.DISK
AZURE = "/subscriptions/5b0a/resourceGroups/Web/providers/Microsoft.Compute/disks/Data"
GOOGLE = "//compute.googleapis.com/projects/415/zones/europe-west3-a"
SERVER = "0f2a7c3e-7f1b-4a43-9df1-f3a0c1de8a11"


def _one(provider: str, kind: ResourceKind, name: str, unique: str | None = None) -> StoredResource:
    return stored(kind, name, provider=provider, attributes={"unique_id": unique} if unique else {})


ESTATE = [
    _one("aws", INSTANCE, "i-0abc"),
    _one("aws", DISK, "vol-0abc"),
    _one("azure", DISK, AZURE),
    _one("gcp", INSTANCE, "europe-west3-a/web/123456789", "123456789"),
    _one("gcp", DISK, "europe-west3-a/web", "987654321"),
    _one("openstack", INSTANCE, SERVER),
    _one("proxmox", INSTANCE, "101"),
]


@pytest.mark.parametrize(
    ("billed", "number"),
    [
        (BilledId("aws", "i-0abc"), 0),
        (BilledId("aws", "arn:aws:ec2:eu-central-1:111122223333:volume/vol-0abc"), 1),
        (BilledId("azure", AZURE.upper()), 2),
        (BilledId("gcp", f"{GOOGLE}/instances/123456789"), 3),
        (BilledId("gcp", f"{GOOGLE}/disks/987654321"), 4),
        (BilledId("openstack", SERVER, "instance"), 5),
        (BilledId("proxmox", "101", "instance"), 6),
    ],
)
def test_an_id_of_a_bill_names_a_resource(billed: BilledId, number: int) -> None:
    matches = match_resources([billed], ESTATE)
    assert matches.resources == {billed: [ESTATE[number]]}
    assert matches.billed_ids == {resource_key(ESTATE[number]): [billed]}
    assert not matches.unmatched


@pytest.mark.parametrize(
    "billed",
    [
        BilledId("proxmox", "i-0abc", "instance"),
        BilledId("proxmox", "101", "disk"),
        BilledId("gcp", f"{GOOGLE}/disks/123456789"),
        BilledId("aws", "arn:aws:s3:::bucket"),
    ],
)
def test_the_same_name_of_another_cloud_or_kind_is_no_match(billed: BilledId) -> None:
    assert match_resources([billed], ESTATE).unmatched == [billed]


def test_a_short_id_of_two_resources_names_neither() -> None:
    both = [_one("gcp", DISK, f"{zone}/data") for zone in ("us-a", "us-b")]
    billed = BilledId("gcp", "//compute.googleapis.com/projects/4/zones/us-a/disks/data")
    assert match_resources([billed], both).unmatched == [billed]


def test_every_credential_that_sees_a_resource_is_matched() -> None:
    other = ESTATE[0].model_copy(update={"credential": "audit"})
    matches = match_resources([BilledId("aws", "i-0abc")], [ESTATE[0], other])
    assert list(matches.resources.values()) == [[ESTATE[0], other]]


@pytest.mark.parametrize(
    ("provider", "name", "kind"),
    [
        ("aws", "arn:aws:ec2:eu-west-1:1:snapshot/snap-0ab", ResourceKind.SNAPSHOT),
        ("aws", "arn:aws:ec2:eu-west-1:1:elastic-ip/eipalloc-0ab", ResourceKind.ADDRESS),
        (
            "aws",
            "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/web/50dc",
            ResourceKind.LOAD_BALANCER,
        ),
        ("aws", "arn:aws:rds:eu-west-1:1:db:shop", None),
        (
            "azure",
            "/subscriptions/1/resourcegroups/a/providers/Microsoft.Compute/virtualMachines/web",
            INSTANCE,
        ),
        ("azure", "/subscriptions/1/resourcegroups/a/providers/microsoft.sql/servers/db", None),
        ("gcp", "//compute.googleapis.com/projects/1/regions/r/addresses/5", ResourceKind.ADDRESS),
        ("gcp", "//storage.googleapis.com/projects/_/buckets/b", None),
    ],
)
def test_the_form_of_an_id_shows_its_kind(
    provider: str, name: str, kind: ResourceKind | None
) -> None:
    assert BilledId(provider, name).kind is kind

"""Short ids: what a table shows, a command takes, and never anything else."""

from __future__ import annotations

import pytest

from skyclust.model.short_id import means, short_id, short_ids

GROUPS = "/subscriptions/9a1f0f4e-3c1b-4a52-8f2e-6d4f1c9f0b77/resourcegroups"
VM = f"{GROUPS}/shop/providers/microsoft.compute/virtualmachines/web"
OTHER_VM = f"{GROUPS}/old/providers/microsoft.compute/virtualmachines/web"
DISK = f"{GROUPS}/shop/providers/microsoft.compute/disks/web"
SUBNET = f"{GROUPS}/shop/providers/microsoft.network/virtualnetworks/net/subnets/default"
UUIDS = [f"3f2a90b1-c{number}11-5000-8000-00000000000{number}" for number in range(3)]
EC2 = "i-0a1b2c3d4e5f60718"
GCP = "europe-west3-a/web/8123456789012345678"
SUCCESSOR = "europe-west3-a/web/8123456789012345679"


@pytest.mark.parametrize(
    ("whole", "short"),
    [
        (UUIDS[0], "3f2a90b1"),
        (EC2, "i-0a1b2c3d"),
        ("eipalloc-0a1b2c3d4e5f60718", "eipalloc-0a1b2c3d"),
        (VM, "web"),
        (SUBNET, "default"),
        (GCP, "web"),
        ("europe-west3-a/disk-1", "disk-1"),
        ("100", "100"),
        ("i-0a1b2c3d", "i-0a1b2c3d"),
        ("web-1", "web-1"),
        ("", ""),
    ],
)
def test_an_id_alone_has_one_short_form(whole: str, short: str) -> None:
    assert short_id(whole) == short


def test_short_forms_of_one_list_differ_and_mean_one_id_each() -> None:
    ids = [*UUIDS, EC2, EC2[:-1] + "9", VM, OTHER_VM, DISK, SUBNET, GCP, SUCCESSOR, "100", "1000"]

    forms = short_ids(ids)

    assert len(set(forms.values())) == len(ids)
    for whole, form in forms.items():
        assert [each for each in ids if means(form, each)] == [whole], form
    assert forms[UUIDS[0]] == "3f2a90b1-c0"
    assert forms[OTHER_VM] == "old/web"
    assert forms[DISK] == "disks/web"
    assert forms[GCP] == "8123456789012345678"


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("", UUIDS[0]),
        ("3f2", UUIDS[0]),
        ("i-0a1", EC2),
        ("i", EC2),
        ("3f2a90b1-c011-5000-8000-000000000000-0", UUIDS[0]),
        ("shop", VM),
        ("eb", VM),
        ("/", VM),
        ("europe-west3-a", GCP),
        ("10", "100"),
        ("web", "web-1"),
        ("3f2a%", UUIDS[0]),
    ],
)
def test_nothing_else_is_taken_for_an_id(given: str, whole: str) -> None:
    assert not means(given, whole)

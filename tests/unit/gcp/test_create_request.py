"""What is asked of Compute Engine for a machine, and what is refused before asking."""

from __future__ import annotations

from typing import Any

import pytest

from providers.gcp.create_request import refuse_impossible, to_digest, to_request
from providers.gcp.labels import problem_of, to_label
from providers.gcp.lookups import turned
from providers.gcp.operations import following, request_id
from skyclust.errors import InvalidRequest
from skyclust.model.instance import DiskSpec, InstanceSpec

SPEC = InstanceSpec(name="web-1", region="europe-west3", type="e2-small", image="debian-12")
NETWORK = {"subnetwork": "projects/acme/regions/europe-west3/subnetworks/default"}
IMAGE = "projects/debian-cloud/global/images/debian-12-bookworm-v20261101"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample ada@example.com"


def _request(**asked: object) -> dict[str, Any]:
    spec = SPEC.model_copy(update=asked)
    return to_request(spec, "t-1", zone="europe-west3-a", image=IMAGE, network=NETWORK)


def test_a_plain_machine_is_asked_for_with_its_marks() -> None:
    request = _request(tags={"team": "shop"})
    marks = {"team": "shop", "skyclust-token": "t-1"}
    spec = SPEC.model_copy(update={"tags": {"team": "shop"}})
    assert request == {
        "name": "web-1",
        "machine_type": "zones/europe-west3-a/machineTypes/e2-small",
        "labels": {**marks, "skyclust-request": to_digest(spec)},
        "disks": [
            {
                "boot": True,
                "auto_delete": True,
                "initialize_params": {"source_image": IMAGE, "labels": marks},
            }
        ],
        "network_interfaces": [NETWORK],
    }


def test_disks_come_in_the_same_call_and_end_with_the_machine() -> None:
    disks = (DiskSpec(size_gib=1), DiskSpec(size_gib=1, type="hyperdisk-balanced"))
    request = _request(boot_disk=DiskSpec(size_gib=50, type="pd-ssd"), disks=disks)
    made = request["disks"]
    assert [disk["auto_delete"] for disk in made] == [True, True, True]
    boot, first, second = (disk["initialize_params"] for disk in made)
    assert boot["disk_size_gb"] == 50
    assert boot["disk_type"] == "zones/europe-west3-a/diskTypes/pd-ssd"
    assert (first["disk_size_gb"], second["disk_size_gb"]) == (10, 4)
    assert first["disk_name"] != second["disk_name"]
    assert _request(disks=disks) == _request(disks=disks)


@pytest.mark.parametrize(("asked", "given"), [(None, False), (False, False), (True, True)])
def test_a_public_address_is_given_only_when_asked_for(asked: bool | None, given: bool) -> None:
    request = _request(public_address=asked, private_address="10.156.0.9")
    [interface] = request["network_interfaces"]
    assert ("access_configs" in interface) is given
    assert interface["network_i_p"] == "10.156.0.9"


@pytest.mark.parametrize(("user", "login"), [(None, "skyclust"), ("ada", "ada")])
def test_keys_and_data_for_the_first_boot_are_metadata(user: str | None, login: str) -> None:
    request = _request(user=user, ssh_keys=(KEY, KEY), user_data="#cloud-config\n")
    assert request["metadata"] == {
        "items": [
            {"key": "ssh-keys", "value": f"{login}:{KEY}\n{login}:{KEY}"},
            {"key": "user-data", "value": "#cloud-config\n"},
        ]
    }


@pytest.mark.parametrize(
    "asked",
    [
        {"name": "Web"},
        {"name": "1web"},
        {"name": "web.1"},
        {"name": "web_1"},
        {"tags": {"Team": "shop"}},
        {"tags": {"team": "Shop"}},
        {"tags": {"1team": "shop"}},
        {"tags": {"team": "x" * 64}},
        {"tags": {f"k{number}": "" for number in range(65)}},
        {"tags": {"skyclust-token": "mine"}},
        {"ssh_keys": ("my-key",)},
        {"private_address": "10.0.0.5/24,10.0.0.1"},
        {"disks": (DiskSpec(size_gib=10),) * 128},
    ],
)
def test_what_compute_engine_would_not_do_is_refused_at_once(asked: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest, match="Could not create"):
        refuse_impossible(SPEC.model_copy(update=asked))


@pytest.mark.parametrize(
    "asked", [{}, {"tags": {"team": "", "größe": "klein"}}, {"ssh_keys": (KEY,)}, {"name": "w"}]
)
def test_what_it_does_is_not_refused(asked: dict[str, object]) -> None:
    refuse_impossible(SPEC.model_copy(update=asked))


def test_a_digest_is_the_same_for_equal_specs_alone() -> None:
    assert to_digest(SPEC) == to_digest(InstanceSpec.model_validate(SPEC.model_dump()))
    assert to_digest(SPEC) != to_digest(SPEC.model_copy(update={"type": "e2-medium"}))


def test_a_token_is_a_label_as_it_is_or_as_its_digest() -> None:
    uuid = "0c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e10"
    assert to_label(uuid) == uuid
    for strange in ("Run 7", "x" * 64, ""):
        assert to_label(strange) == to_label(strange) != strange
        assert problem_of({"token": to_label(strange)}) is None


def test_request_ids_follow_from_the_token_alone() -> None:
    assert request_id("insert", "t-1") == request_id("insert", "t-1")
    assert request_id("insert", "t-1") != request_id("insert", "t-2")
    assert following(request_id("a"), "operation-1") == following(request_id("a"), "operation-1")


def test_a_token_always_comes_to_the_same_zone_and_tokens_spread() -> None:
    zones = ["europe-west3-c", "europe-west3-a", "europe-west3-b"]
    assert turned(zones, "t-1") == turned(sorted(zones), "t-1")
    assert {turned(zones, f"t-{number}")[0] for number in range(30)} == set(zones)
    assert sorted(turned(zones, "t-1")) == sorted(zones)
    assert turned([], "t-1") == []

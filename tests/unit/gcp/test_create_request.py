"""The request body of an instance, and the specs that are refused before it is sent."""

from __future__ import annotations

from typing import Any

import pytest

from providers.gcp.create_request import check_spec, spec_digest, to_insert_body
from providers.gcp.labels import label_problem, to_label
from providers.gcp.lookups import rotate_by_token
from providers.gcp.operations import next_request_id, request_id
from skyclust.errors import InvalidRequest
from skyclust.model.instance import DiskSpec, InstanceSpec

SPEC = InstanceSpec(name="web-1", region="europe-west3", type="e2-small", image="debian-12")
NETWORK = {"subnetwork": "projects/acme/regions/europe-west3/subnetworks/default"}
IMAGE = "projects/debian-cloud/global/images/debian-12-bookworm-v20261101"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample ada@example.com"


def _request(**changes: object) -> dict[str, Any]:
    spec = SPEC.model_copy(update=changes)
    return to_insert_body(spec, "t-1", zone="europe-west3-a", image=IMAGE, network=NETWORK)


def test_a_minimal_request_has_the_labels_of_its_token_and_spec() -> None:
    request = _request(tags={"team": "shop"})
    labels = {"team": "shop", "skyclust-token": "t-1"}
    spec = SPEC.model_copy(update={"tags": {"team": "shop"}})
    assert request == {
        "name": "web-1",
        "machine_type": "zones/europe-west3-a/machineTypes/e2-small",
        "labels": {**labels, "skyclust-request": spec_digest(spec)},
        "disks": [
            {
                "boot": True,
                "auto_delete": True,
                "initialize_params": {"source_image": IMAGE, "labels": labels},
            }
        ],
        "network_interfaces": [NETWORK],
    }


def test_disks_are_created_and_deleted_with_the_instance() -> None:
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


@pytest.mark.parametrize(("public", "expected"), [(None, False), (False, False), (True, True)])
def test_a_public_address_is_requested_only_for_true(public: bool | None, expected: bool) -> None:
    request = _request(public_address=public, private_address="10.156.0.9")
    [interface] = request["network_interfaces"]
    assert ("access_configs" in interface) is expected
    assert interface["network_i_p"] == "10.156.0.9"


@pytest.mark.parametrize(("user", "login"), [(None, "skyclust"), ("ada", "ada")])
def test_ssh_keys_and_user_data_are_metadata(user: str | None, login: str) -> None:
    request = _request(user=user, ssh_keys=(KEY, KEY), user_data="#cloud-config\n")
    assert request["metadata"] == {
        "items": [
            {"key": "ssh-keys", "value": f"{login}:{KEY}\n{login}:{KEY}"},
            {"key": "user-data", "value": "#cloud-config\n"},
        ]
    }


@pytest.mark.parametrize(
    "changes",
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
def test_invalid_specs_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest, match="Could not create"):
        check_spec(SPEC.model_copy(update=changes))


@pytest.mark.parametrize(
    "changes", [{}, {"tags": {"team": "", "größe": "klein"}}, {"ssh_keys": (KEY,)}, {"name": "w"}]
)
def test_valid_specs_are_accepted(changes: dict[str, object]) -> None:
    check_spec(SPEC.model_copy(update=changes))


def test_a_digest_is_the_same_only_for_equal_specs() -> None:
    assert spec_digest(SPEC) == spec_digest(InstanceSpec.model_validate(SPEC.model_dump()))
    assert spec_digest(SPEC) != spec_digest(SPEC.model_copy(update={"type": "e2-medium"}))


def test_a_token_becomes_a_label_value_unchanged_or_as_a_digest() -> None:
    uuid = "0c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e10"
    assert to_label(uuid) == uuid
    for strange in ("Run 7", "x" * 64, ""):
        assert to_label(strange) == to_label(strange) != strange
        assert label_problem({"token": to_label(strange)}) is None


def test_request_ids_depend_only_on_the_token() -> None:
    assert request_id("insert", "t-1") == request_id("insert", "t-1")
    assert request_id("insert", "t-1") != request_id("insert", "t-2")
    assert next_request_id(request_id("a"), "operation-1") == next_request_id(
        request_id("a"), "operation-1"
    )


def test_a_token_always_selects_the_same_zone_and_tokens_are_spread() -> None:
    zones = ["europe-west3-c", "europe-west3-a", "europe-west3-b"]
    assert rotate_by_token(zones, "t-1") == rotate_by_token(sorted(zones), "t-1")
    assert {rotate_by_token(zones, f"t-{number}")[0] for number in range(30)} == set(zones)
    assert sorted(rotate_by_token(zones, "t-1")) == sorted(zones)
    assert rotate_by_token([], "t-1") == []

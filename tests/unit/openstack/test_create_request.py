"""The body of a create request, and the user data for cloud-init."""

from __future__ import annotations

import json
from base64 import b64decode
from email import message_from_string
from typing import Any

import pytest

from providers.openstack.create_request import to_body, to_digest, validate_spec
from providers.openstack.tokens import to_server_tag, to_token_value
from skyclust.errors import InvalidRequest
from skyclust.model.instance import DiskSpec, InstanceSpec

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2Qbq1Wm0l3l1J2mE0n0bq8k7v0Zp5n1uQy3o8s9d4f ops@home"
FLAVOR = {"id": "2", "name": "m1.small", "disk": 20}
IMAGE = {"id": "image-1", "min_disk": 8, "size": 600_000_000, "virtual_size": 10 * 2**30}
NETWORK = "net-1"


def _spec(**changes: Any) -> InstanceSpec:
    base = {"name": "web", "region": "RegionOne", "type": "m1.small", "image": "ubuntu"}
    return InstanceSpec.model_validate({**base, **changes})


def _server(spec: InstanceSpec, **changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "flavor": FLAVOR, "image": IMAGE, "network": NETWORK, "microversion": (2, 90), **changes
    }  # fmt: skip
    server: dict[str, Any] = to_body(spec, "token-1", **arguments)["server"]
    return server


def test_a_create_request_contains_the_token() -> None:
    spec = _spec(zone="az1", private_address="10.0.0.5", tags={"team": "shop"}, ssh_keys=("ops",))
    server = _server(spec)
    assert (server["flavorRef"], server["imageRef"], server["key_name"]) == ("2", "image-1", "ops")
    assert server["networks"] == [{"uuid": "net-1", "fixed_ip": "10.0.0.5"}]
    assert server["availability_zone"] == "az1"
    assert server["metadata"] == {
        "team": "shop", "skyclust_token": "token-1", "skyclust_request": to_digest(spec)
    }  # fmt: skip
    assert server["tags"] == [to_server_tag("token-1")]
    assert len(server["tags"][0]) <= 60
    assert "block_device_mapping_v2" not in server
    assert _server(spec) == server


def test_a_request_to_an_old_nova_has_only_fields_of_its_microversion() -> None:
    assert "tags" not in _server(_spec(), microversion=(2, 1))
    assert "networks" not in _server(_spec(), microversion=(2, 1), network=None)
    assert _server(_spec(), network=None)["networks"] == "none"
    typed = _spec(disks=(DiskSpec(size_gib=5, type="ssd"),))
    with pytest.raises(InvalidRequest, match="older than"):
        _server(typed, microversion=(2, 66))


def test_volumes_are_created_and_deleted_with_the_server() -> None:
    disks = _server(_spec(disks=({"size_gib": 5, "type": "ssd"},)))["block_device_mapping_v2"]
    assert [disk["delete_on_termination"] for disk in disks] == [True, True]
    assert (disks[0]["destination_type"], disks[0]["uuid"]) == ("local", "image-1")
    assert (disks[1]["volume_size"], disks[1]["volume_type"]) == (5, "ssd")


def test_a_boot_disk_is_a_volume() -> None:
    server = _server(_spec(boot_disk={"size_gib": 30}))
    assert "imageRef" not in server
    [root] = server["block_device_mapping_v2"]
    assert (root["destination_type"], root["volume_size"], root["boot_index"]) == ("volume", 30, 0)


def test_a_flavor_without_a_disk_gets_a_volume_large_enough_for_the_image() -> None:
    [root] = _server(_spec(), flavor={**FLAVOR, "disk": 0})["block_device_mapping_v2"]
    assert (root["destination_type"], root["volume_size"]) == ("volume", 10)


def test_equal_specs_have_the_same_digest() -> None:
    assert to_digest(_spec()) == to_digest(_spec())
    assert to_digest(_spec()) != to_digest(_spec(type="m1.large"))


def test_a_token_that_is_no_valid_metadata_value_is_hashed() -> None:
    assert to_token_value("plain-token") == "plain-token"
    assert len(to_token_value("x" * 300)) == 64
    assert len(to_token_value("zwölf")) == 64


@pytest.mark.parametrize(
    "changes",
    [
        {"ssh_keys": ("one", "two")},
        {"ssh_keys": ("ssh-ed25519 short",)},
        {"private_address": "10.0.0.5/24"},
        {"tags": {"skyclust_token": "x"}},
        {"tags": {"a/b": "x"}},
        {"tags": {"a": "x" * 256}},
    ],
)
def test_a_spec_that_nova_would_refuse_is_invalid(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="Could not create web"):
        validate_spec(_spec(**changes))


def _user_data(spec: InstanceSpec) -> str:
    return b64decode(_server(spec)["user_data"]).decode()


def test_user_data_alone_is_passed_unchanged() -> None:
    assert _user_data(_spec(user_data="#!/bin/sh\ntrue\n")) == "#!/bin/sh\ntrue\n"
    assert "user_data" not in _server(_spec())


def test_public_keys_and_user_are_passed_to_cloud_init() -> None:
    text = _user_data(_spec(ssh_keys=(KEY,), user="ops"))
    head, config = text.split("\n", 1)
    assert head == "#cloud-config"
    assert json.loads(config) == {"ssh_authorized_keys": [KEY], "user": {"name": "ops"}}


def test_public_keys_are_added_to_the_user_data_of_the_spec() -> None:
    spec = _spec(ssh_keys=(KEY, "named"), user_data="#!/bin/sh\ntrue\n")
    _, ours, own = message_from_string(_user_data(spec)).walk()
    assert ours.get_content_type() == "text/cloud-config"
    assert own.get_payload(decode=True) == b"#!/bin/sh\ntrue\n"
    assert _server(spec)["key_name"] == "named"
    assert _user_data(spec) == _user_data(spec)

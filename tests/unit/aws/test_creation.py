"""The request for a spec, and specs that are refused."""

from __future__ import annotations

from typing import Any

import botocore.session
import botocore.validate
import pytest

from providers.aws.creation import DATA_DEVICES, check_spec, to_client_token, to_request
from providers.aws.lookups import pick
from skyclust.errors import InvalidRequest
from skyclust.model.instance import DiskSpec, InstanceSpec


def spec(**changes: Any) -> InstanceSpec:
    values = {"name": "web-1", "region": "eu-west-1", "type": "t3.small", "image": "base"}
    return InstanceSpec.model_validate(values | changes)


def test_the_request_of_a_minimal_spec() -> None:
    tags = [{"Key": "Name", "Value": "web-1"}, {"Key": "skyclust:token", "Value": "t-1"}]
    assert to_request(spec(), "t-1", image="ami-1", subnet=None) == {
        "MinCount": 1,
        "MaxCount": 1,
        "ClientToken": "t-1",
        "ImageId": "ami-1",
        "InstanceType": "t3.small",
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": tags},
            {"ResourceType": "volume", "Tags": tags},
        ],
    }


def test_the_request_of_a_complete_spec() -> None:
    full = spec(
        zone="eu-west-1b",
        ssh_keys=["ops"],
        user_data="#cloud-config",
        tags={"team": "shop"},
        disks=[{"size_gib": 20, "type": "gp3"}, {"size_gib": 5}],
    )
    request = to_request(full, "t-1", image="ami-1", subnet="subnet-1")
    assert request["SubnetId"] == "subnet-1"
    assert "Placement" not in request, "the subnet lies in the zone already"
    assert request["KeyName"] == "ops"
    assert request["UserData"] == "#cloud-config"
    assert {"Key": "team", "Value": "shop"} in request["TagSpecifications"][0]["Tags"]
    assert request["BlockDeviceMappings"] == [
        {
            "DeviceName": "/dev/sdf",
            "Ebs": {"VolumeSize": 20, "DeleteOnTermination": True, "VolumeType": "gp3"},
        },
        {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 5, "DeleteOnTermination": True}},
    ]


def test_a_zone_without_a_network_is_a_placement() -> None:
    request = to_request(spec(zone="eu-west-1b"), "t-1", image="ami-1", subnet=None)
    assert request["Placement"] == {"AvailabilityZone": "eu-west-1b"}
    assert "SubnetId" not in request


def test_the_request_matches_the_model_of_ec2() -> None:
    full = spec(ssh_keys=["ops"], user_data="x", disks=[{"size_gib": 20, "type": "gp3"}])
    request: Any = to_request(full, "t-1", image="ami-1", subnet="subnet-1")
    model: Any = botocore.session.Session().get_service_model("ec2")
    shape = model.operation_model("RunInstances").input_shape
    report = botocore.validate.ParamValidator().validate(request, shape)
    assert report.generate_report() == ""


def test_equal_specs_give_equal_requests() -> None:
    # EC2 refuses a known token with any difference in the parameters.
    one, other = (spec(tags={"a": "1", "b": "2"}, disks=[{"size_gib": 1}]) for _ in range(2))
    assert to_request(one, "t", image="ami-1", subnet=None) == to_request(
        other, "t", image="ami-1", subnet=None
    )


@pytest.mark.parametrize("token", ["a", "0" * 64, "6d1e8a52-88a5-4e0e-b7a1-5ce3c6f0b9d4"])
def test_a_permitted_token_is_unchanged(token: str) -> None:
    assert to_client_token(token) == token


def test_other_tokens_are_replaced_by_a_digest() -> None:
    long, longer, foreign = "x" * 65, "x" * 66, "größe"
    digests = {to_client_token(token) for token in (long, longer, foreign, "")}
    assert len(digests) == 4
    assert {len(digest) for digest in digests} == {64}
    assert to_client_token(long) == to_client_token(long)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ssh_keys": ["a", "b"]}, "one SSH key"),
        ({"disks": [{"size_gib": 1}] * (len(DATA_DEVICES) + 1)}, "At most 11 data disks"),
        ({"tags": {"Name": "other"}}, "holds the name of the instance"),
        ({"tags": {"skyclust:token": "x"}}, "is reserved by SkyClust"),
    ],
)
def test_unsupported_specs_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        check_spec(spec(**changes))


def test_the_largest_supported_spec_is_accepted() -> None:
    most = [DiskSpec(size_gib=1)] * len(DATA_DEVICES)
    check_spec(spec(ssh_keys=["a"], tags={"Name": "web-1"}, disks=most))


def test_a_token_always_selects_the_same_subnet() -> None:
    subnets = ["subnet-c", "subnet-a", "subnet-b"]
    for token in ("t-1", "t-2", "t-3"):
        assert pick(subnets, token) == pick(sorted(subnets), token)


def test_many_tokens_are_distributed_over_the_subnets() -> None:
    subnets = ["subnet-a", "subnet-b", "subnet-c"]
    chosen = [pick(subnets, f"token-{number}") for number in range(300)]
    assert all(chosen.count(subnet) > 60 for subnet in subnets)


def test_the_request_has_boot_disk_and_addresses() -> None:
    instance_spec = spec(
        boot_disk={"size_gib": 30, "type": "gp3"},
        disks=[{"size_gib": 5}],
        public_address=False,
        private_address="10.0.0.5",
    )
    request = to_request(
        instance_spec, "t", image="ami-1", subnet="subnet-1", root_device="/dev/xvda"
    )
    assert [m["DeviceName"] for m in request["BlockDeviceMappings"]] == ["/dev/xvda", "/dev/sdf"]
    assert request["NetworkInterfaces"] == [
        {
            "DeviceIndex": 0,
            "AssociatePublicIpAddress": False,
            "DeleteOnTermination": True,
            "SubnetId": "subnet-1",
            "PrivateIpAddress": "10.0.0.5",
        }
    ]
    assert "SubnetId" not in request


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ({"ssh_keys": ["ssh-ed25519 AAAA me"]}, "name of a key pair"),
        ({"user": "ops"}, "login user"),
        ({"private_address": "10.0.0.5"}, "needs the subnet"),
        ({"private_address": "10.0.0.5/24", "network": "subnet-1"}, "without a prefix length"),
    ],
)
def test_fields_that_ec2_would_ignore_are_refused(wanted: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidRequest, match=problem):
        check_spec(spec(**wanted))

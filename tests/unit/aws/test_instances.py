"""Conversion of EC2 instances."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import botocore.session
import pytest

from providers.aws.instances import STATES, to_instance, to_resource
from skyclust.model.instance import InstanceState
from skyclust.model.resource import ResourceKind, instance_resource

BERLIN = timezone(timedelta(hours=1))
LAUNCHED = datetime(2026, 3, 2, 9, 0, tzinfo=BERLIN)
FIRST_LAUNCHED = datetime(2025, 11, 30, 17, 30, tzinfo=UTC)


def described(**changes: Any) -> Any:
    """An instance of DescribeInstances, with its two interfaces in reverse order."""
    return {
        "InstanceId": "i-0b22a22eec53b9321",
        "ImageId": "ami-0aeeebd8d2ab47354",
        "State": {"Code": 16, "Name": "running"},
        "StateReason": {"Code": "", "Message": ""},
        "InstanceType": "m7g.large",
        "KeyName": "ops",
        "LaunchTime": LAUNCHED,
        "Placement": {"AvailabilityZone": "eu-central-1b", "Tenancy": "default"},
        "Architecture": "arm64",
        "PlatformDetails": "Linux/UNIX",
        "VpcId": "vpc-0a1b",
        "SubnetId": "subnet-0c2d",
        "PrivateIpAddress": "10.0.1.20",
        "PublicIpAddress": "198.51.100.7",
        "IamInstanceProfile": {"Arn": "arn:aws:iam::123456789012:instance-profile/web", "Id": "A"},
        "SecurityGroups": [
            {"GroupId": "sg-2", "GroupName": "web"},
            {"GroupId": "sg-1", "GroupName": "ssh"},
        ],
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeId": "vol-data"}},
            {"DeviceName": "/dev/sda1", "Ebs": {"VolumeId": "vol-root"}},
        ],
        "NetworkInterfaces": [
            {
                "Attachment": {"DeviceIndex": 1, "AttachTime": LAUNCHED + timedelta(days=1)},
                "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.9.9"}],
                "Ipv6Addresses": [],
            },
            {
                "Attachment": {"DeviceIndex": 0, "AttachTime": FIRST_LAUNCHED},
                "PrivateIpAddresses": [
                    {"PrivateIpAddress": "10.0.1.21"},
                    {
                        "PrivateIpAddress": "10.0.1.20",
                        "Association": {"PublicIp": "198.51.100.7", "IpOwnerId": "amazon"},
                    },
                ],
                "Ipv6Addresses": [{"Ipv6Address": "2001:db8::7"}],
            },
        ],
        "Tags": [{"Key": "Name", "Value": "web-1"}, {"Key": "team", "Value": "shop"}],
    } | changes


def test_an_instance() -> None:
    instance = to_instance("eu-central-1", described())
    assert instance.id == "i-0b22a22eec53b9321"
    assert (instance.provider, instance.region, instance.zone) == (
        "aws",
        "eu-central-1",
        "eu-central-1b",
    )
    assert (instance.name, instance.tags) == ("web-1", {"Name": "web-1", "team": "shop"})
    assert (instance.state, instance.native_state) == (InstanceState.RUNNING, "running")
    assert (instance.type, instance.image) == ("m7g.large", "ami-0aeeebd8d2ab47354")
    assert (instance.network, instance.subnet) == ("vpc-0a1b", "subnet-0c2d")
    assert instance.state_reason is None
    assert instance.attributes == {
        "architecture": "arm64",
        "disks": ["vol-root", "vol-data"],
        "firewalls": ["sg-1", "sg-2"],
        "identity": "arn:aws:iam::123456789012:instance-profile/web",
        "interfaces": [
            {
                "id": None,
                "network": None,
                "subnet": None,
                "firewalls": [],
                "private_addresses": ["10.0.1.20", "10.0.1.21"],
                "public_addresses": ["198.51.100.7", "2001:db8::7"],
            },
            {
                "id": None,
                "network": None,
                "subnet": None,
                "firewalls": [],
                "private_addresses": ["10.0.9.9"],
                "public_addresses": [],
            },
        ],
        "key": "ops",
        "launched_at": "2026-03-02T08:00:00+00:00",
        "lifecycle": "on-demand",
        "platform": "Linux/UNIX",
    }


def test_the_primary_addresses_come_first() -> None:
    instance = to_instance("eu-central-1", described())
    assert instance.private_addresses == ("10.0.1.20", "10.0.1.21", "10.0.9.9")
    assert instance.public_addresses == ("198.51.100.7", "2001:db8::7")


def test_the_creation_time_is_the_first_launch_in_utc() -> None:
    assert to_instance("eu-central-1", described()).created_at == FIRST_LAUNCHED
    without_interfaces = to_instance("eu-central-1", described(NetworkInterfaces=[]))
    assert without_interfaces.created_at == LAUNCHED
    assert without_interfaces.created_at is not None
    assert without_interfaces.created_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("native", "state"),
    [
        ("pending", InstanceState.PENDING),
        ("running", InstanceState.RUNNING),
        ("stopping", InstanceState.STOPPING),
        ("stopped", InstanceState.STOPPED),
        ("shutting-down", InstanceState.DELETING),
        ("terminated", InstanceState.DELETED),
        ("a-state-of-next-year", InstanceState.UPDATING),
    ],
)
def test_states(native: str, state: InstanceState) -> None:
    instance = to_instance("eu-central-1", described(State={"Code": 0, "Name": native}))
    assert (instance.state, instance.native_state) == (state, native)


def test_every_state_of_the_api_is_known() -> None:
    model: Any = botocore.session.Session().get_service_model("ec2")
    assert set(model.shape_for("InstanceStateName").enum) == set(STATES)


def test_a_terminated_instance_has_few_fields() -> None:
    left = {
        "InstanceId": "i-1",
        "InstanceType": "t3.small",
        "LaunchTime": LAUNCHED,
        "Placement": {},
        "State": {"Name": "terminated"},
        "StateReason": {
            "Code": "Client.VolumeLimitExceeded",
            "Message": "Client.VolumeLimitExceeded: Volume limit exceeded",
        },
    }
    instance = to_instance("eu-central-1", left)  # type: ignore[arg-type]  # as EC2 leaves it
    assert instance.name == ""
    assert instance.private_addresses == ()
    assert instance.state_reason == "Client.VolumeLimitExceeded: Volume limit exceeded"


def test_the_order_of_ec2_lists_does_not_matter() -> None:
    straight = described()
    backwards = described()
    for name in ("SecurityGroups", "BlockDeviceMappings", "NetworkInterfaces"):
        backwards[name] = list(reversed(straight[name]))
    assert to_resource("eu-central-1", backwards) == to_resource("eu-central-1", straight)


def test_resource_and_instance_have_the_same_fields() -> None:
    resource = to_resource("eu-central-1", described())
    assert resource == instance_resource(to_instance("eu-central-1", described()))
    assert resource.kind is ResourceKind.INSTANCE
    assert resource.attributes["private_addresses"] == ["10.0.1.20", "10.0.1.21", "10.0.9.9"]
    assert resource.attributes["lifecycle"] == "on-demand"

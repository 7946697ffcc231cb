"""Conversion of disks, snapshots, images, networks, firewalls and addresses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest

from providers.aws import disks, images, load_balancers, networks, snapshots
from providers.aws.addresses import to_address
from providers.aws.disks import to_disk
from providers.aws.firewalls import to_firewall
from providers.aws.images import to_image
from providers.aws.inventory import READERS
from providers.aws.networks import to_network, to_subnet
from providers.aws.snapshots import to_snapshot
from skyclust.model.resource import ResourceKind, ResourceState

REGION = "eu-west-1"
AT = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
TAGS = [{"Key": "Name", "Value": "shop"}, {"Key": "team", "Value": "a"}]


def test_a_disk() -> None:
    volume: Any = {
        "VolumeId": "vol-1",
        "AvailabilityZone": "eu-west-1a",
        "State": "in-use",
        "Size": 100,
        "VolumeType": "gp3",
        "Iops": 3000,
        "Throughput": 125,
        "Encrypted": True,
        "SnapshotId": "",
        "CreateTime": AT,
        "Tags": TAGS,
        "Attachments": [{"InstanceId": "i-1", "Device": "/dev/sdf", "State": "attached"}],
    }
    disk = to_disk(REGION, volume)
    assert (disk.id, disk.name, disk.zone, disk.created_at) == ("vol-1", "shop", "eu-west-1a", AT)
    assert (disk.state, disk.native_state) == ("in_use", "in-use")
    assert disk.attributes == {
        "attached_to": ["i-1"],
        "device": "/dev/sdf",
        "encrypted": True,
        "iops": 3000,
        "size_gib": 100,
        "snapshot": None,
        "throughput_mibps": 125,
        "type": "gp3",
    }


def test_an_unattached_disk_is_available() -> None:
    volume: Any = {"VolumeId": "vol-1", "State": "available", "Size": 1, "CreateTime": AT}
    disk = to_disk(REGION, volume)
    assert disk.state == ResourceState.AVAILABLE
    assert disk.attributes["attached_to"] == []
    assert disk.attributes["device"] is None


def test_a_snapshot() -> None:
    raw: Any = {
        "SnapshotId": "snap-1",
        "VolumeId": "vol-1",
        "State": "completed",
        "VolumeSize": 8,
        "StartTime": AT,
        "Encrypted": False,
        "Description": "",
        "StorageTier": "archive",
        "Tags": TAGS,
    }
    snapshot = to_snapshot(REGION, raw)
    assert (snapshot.id, snapshot.name, snapshot.created_at) == ("snap-1", "shop", AT)
    assert (snapshot.state, snapshot.native_state) == ("available", "completed")
    assert snapshot.attributes == {
        "description": None,
        "disk": "vol-1",
        "encrypted": False,
        "size_gib": 8,
        "tier": "archive",
    }


def test_an_image() -> None:
    raw: Any = {
        "ImageId": "ami-1",
        "Name": "web 2026-04",
        "State": "available",
        "CreationDate": "2026-04-01T12:00:00.000Z",
        "Architecture": "arm64",
        "PlatformDetails": "Linux/UNIX",
        "Public": False,
        "Description": "web",
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
            {"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": "snap-2", "VolumeSize": 20}},
            {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": "snap-1", "VolumeSize": 8}},
        ],
        "Tags": TAGS,
    }
    image = to_image(REGION, raw)
    # An image has a name of its own; its Name tag is one tag among others.
    assert (image.id, image.name, image.created_at) == ("ami-1", "web 2026-04", AT)
    assert image.attributes == {
        "architecture": "arm64",
        "description": "web",
        "platform": "Linux/UNIX",
        "public": False,
        "size_gib": 28,
        "snapshots": ["snap-1", "snap-2"],
    }


def test_a_network() -> None:
    raw: Any = {
        "VpcId": "vpc-1",
        "State": "available",
        "CidrBlock": "10.0.0.0/16",
        "IsDefault": False,
        "CidrBlockAssociationSet": [
            {"CidrBlock": "10.2.0.0/16", "CidrBlockState": {"State": "associated"}},
            {"CidrBlock": "10.1.0.0/16", "CidrBlockState": {"State": "associated"}},
            {"CidrBlock": "10.9.0.0/16", "CidrBlockState": {"State": "disassociated"}},
            {"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}},
        ],
        "Ipv6CidrBlockAssociationSet": [
            {"Ipv6CidrBlock": "2001:db8::/56", "Ipv6CidrBlockState": {"State": "associated"}}
        ],
        "Tags": TAGS,
    }
    network = to_network(REGION, raw)
    assert (network.id, network.name, network.state) == ("vpc-1", "shop", "available")
    assert network.attributes == {
        "cidrs": ["10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "2001:db8::/56"],
        "default": False,
    }


def test_a_subnet() -> None:
    raw: Any = {
        "SubnetId": "subnet-1",
        "VpcId": "vpc-1",
        "State": "available",
        "CidrBlock": "10.0.1.0/24",
        "AvailabilityZone": "eu-west-1c",
        "AvailableIpAddressCount": 250,
        "DefaultForAz": False,
        "MapPublicIpOnLaunch": True,
        "Tags": TAGS,
    }
    subnet = to_subnet(REGION, raw)
    assert (subnet.id, subnet.name, subnet.zone) == ("subnet-1", "shop", "eu-west-1c")
    assert subnet.attributes == {
        "available_addresses": 250,
        "cidr": "10.0.1.0/24",
        "cidrs": ["10.0.1.0/24"],
        "default": False,
        "network": "vpc-1",
        "public": True,
    }


def _group(*ingress: dict[str, Any]) -> Any:
    everywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    return {
        "GroupId": "sg-1",
        "GroupName": "web",
        "Description": "web servers",
        "VpcId": "vpc-1",
        "IpPermissions": list(ingress),
        "IpPermissionsEgress": [everywhere],
    }


HTTPS = {
    "IpProtocol": "tcp",
    "FromPort": 443,
    "ToPort": 443,
    "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}],
    "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
    "UserIdGroupPairs": [{"GroupId": "sg-9", "UserId": "123456789012"}],
    "PrefixListIds": [{"PrefixListId": "pl-1"}],
}
SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}


def test_a_firewall() -> None:
    firewall = to_firewall(REGION, _group(HTTPS, SSH))
    assert (firewall.id, firewall.name, firewall.state) == ("sg-1", "web", None)
    assert firewall.attributes["network"] == "vpc-1"
    assert firewall.attributes["rules"] == [
        {
            "direction": "ingress",
            "protocol": "tcp",
            "from_port": 22,
            "to_port": 22,
            "sources": ["10.0.0.0/8"],
        },
        {
            "direction": "ingress",
            "protocol": "tcp",
            "from_port": 443,
            "to_port": 443,
            "sources": ["0.0.0.0/0", "::/0", "pl-1", "sg-9"],
        },
        {
            "direction": "egress",
            "protocol": "all",
            "from_port": None,
            "to_port": None,
            "destinations": ["0.0.0.0/0"],
        },
    ]


def test_the_order_of_rules_does_not_matter() -> None:
    assert to_firewall(REGION, _group(HTTPS, SSH)) == to_firewall(REGION, _group(SSH, HTTPS))


@pytest.mark.parametrize(
    ("association", "state", "holder"),
    [
        ({}, "available", []),
        ({"AssociationId": "a", "InstanceId": "i-1", "NetworkInterfaceId": "e"}, "in_use", ["i-1"]),
        ({"AssociationId": "a", "NetworkInterfaceId": "eni-1"}, "in_use", ["eni-1"]),
    ],
)
def test_an_address(association: dict[str, str], state: str, holder: list[str]) -> None:
    raw: Any = {"AllocationId": "eipalloc-1", "PublicIp": "198.51.100.9", "Tags": TAGS}
    address = to_address(REGION, raw | association)
    assert (address.id, address.name, address.state) == ("eipalloc-1", "shop", state)
    assert address.attributes["address"] == "198.51.100.9"
    assert address.attributes["attached_to"] == holder


@pytest.mark.parametrize(
    ("service", "shape", "known"),
    [
        ("ec2", "VolumeState", disks.STATES),
        ("ec2", "SnapshotState", snapshots.STATES),
        ("ec2", "ImageState", images.STATES),
        ("ec2", "VpcState", networks.NETWORK_STATES),
        ("ec2", "SubnetState", networks.SUBNET_STATES),
        ("elbv2", "LoadBalancerStateEnum", load_balancers.STATES),
    ],
)
def test_every_state_of_the_api_is_known(
    service: str, shape: str, known: dict[str, ResourceState]
) -> None:
    model: Any = botocore.session.Session().get_service_model(service)
    assert set(model.shape_for(shape).enum) == set(known)


def test_the_page_size_is_limited_to_what_the_service_accepts() -> None:
    [instances] = READERS[ResourceKind.INSTANCE]
    elbv2, classic = READERS[ResourceKind.LOAD_BALANCER]
    assert [instances.page_size(requested) for requested in (None, 1, 100, 9999)] == [
        1000,
        5,
        100,
        1000,
    ]
    for balancers in (elbv2, classic):
        assert [balancers.page_size(requested) for requested in (None, 1, 9999)] == [400, 1, 400]

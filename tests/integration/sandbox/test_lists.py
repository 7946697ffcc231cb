"""Every list in pages of one, and what may be asked of a list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from skyclust_sandbox.aws.regions import ENABLED_REGIONS
from skyclust_sandbox.processes import start_sandbox, stop_sandbox
from tests.fixtures.sandbox import Sandbox
from tests.integration.sandbox.aws import client, launch, refusal

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

pytestmark = pytest.mark.integration

# Service, operation, the list in its reply, the id of an item, and what is asked for.
LISTS: tuple[tuple[str, str, str, str, dict[str, list[str]]], ...] = (
    ("ec2", "describe_instances", "Reservations", "ReservationId", {}),
    ("ec2", "describe_volumes", "Volumes", "VolumeId", {}),
    ("ec2", "describe_snapshots", "Snapshots", "SnapshotId", {"OwnerIds": ["self"]}),
    ("ec2", "describe_images", "Images", "ImageId", {"Owners": ["self"]}),
    ("ec2", "describe_vpcs", "Vpcs", "VpcId", {}),
    ("ec2", "describe_subnets", "Subnets", "SubnetId", {}),
    ("ec2", "describe_security_groups", "SecurityGroups", "GroupId", {}),
    ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn", {}),
    ("elb", "describe_load_balancers", "LoadBalancerDescriptions", "LoadBalancerName", {}),
)


@pytest.mark.parametrize(
    ("service", "operation", "name", "identity", "asked"),
    LISTS,
    ids=[f"{one[0]}-{one[1]}" for one in LISTS],
)
def test_pages_of_one_and_one_page_hold_the_same(
    aws_estate: Sandbox,
    service: str,
    operation: str,
    name: str,
    identity: str,
    asked: dict[str, Any],
) -> None:
    pages = client(service, aws_estate.endpoint, region="ap-southeast-1").get_paginator(operation)
    [whole] = pages.paginate(**asked)
    ids = [item[identity] for item in whole[name]]
    assert ids
    assert len(set(ids)) == len(ids)
    aws_estate.limit_pages(1)
    single = [page[name] for page in pages.paginate(**asked)]
    assert [len(page) for page in single] == [1] * len(ids)
    assert [page[0][identity] for page in single] == ids


def test_instance_types_page_at_a_hundred(aws_sandbox: Sandbox) -> None:
    pages = client("ec2", aws_sandbox.endpoint).get_paginator("describe_instance_types")
    sizes = [len(page["InstanceTypes"]) for page in pages.paginate()]
    assert set(sizes[:-1]) == {100}
    assert sum(sizes) > 500


def test_a_page_counts_instances_and_not_reservations(ec2: EC2Client) -> None:
    launch(ec2, MinCount=7, MaxCount=7)
    first = ec2.describe_instances(MaxResults=5)
    assert [len(one["Instances"]) for one in first["Reservations"]] == [5]
    second = ec2.describe_instances(MaxResults=5, NextToken=first["NextToken"])
    assert [len(one["Instances"]) for one in second["Reservations"]] == [2]
    assert first["Reservations"][0]["ReservationId"] == second["Reservations"][0]["ReservationId"]
    assert "NextToken" not in second


def test_a_filter_holds_on_every_page(ec2: EC2Client) -> None:
    for name in ("a", "a", "a", "b"):
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        launch(ec2, TagSpecifications=tags)
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[{"Name": "tag:Name", "Values": ["a"]}], PaginationConfig={"PageSize": 2}
    )
    assert [len(page["Reservations"]) for page in pages] == [2, 1]


def test_a_token_that_was_not_given_is_refused(aws_estate: Sandbox) -> None:
    ec2 = client("ec2", aws_estate.endpoint)
    refused = ("InvalidNextToken", 400)
    assert refusal(ec2.describe_volumes, NextToken="garbage") == refused
    token = ec2.describe_volumes(MaxResults=5)["NextToken"]
    # A token is opaque, and good for its own list only.
    assert "vol-" not in token
    assert refusal(ec2.describe_instances, NextToken=token) == refused
    other_region = client("ec2", aws_estate.endpoint, region="us-east-1")
    assert refusal(other_region.describe_volumes, NextToken=token) == refused
    for service in ("elb", "elbv2"):
        balancers = client(service, aws_estate.endpoint)
        refused = refusal(balancers.describe_load_balancers, Marker="garbage")
        assert refused == ("ValidationError", 400)


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[EC2Client]:
    """An EC2 with the limits of the real one, whose tokens hold for no time at all."""
    options = ["--minimum-page-size", "5", "--page-token-seconds", "0"]
    running = start_sandbox(tmp_path, clouds=["aws"], seed="estate", options=options)["aws"]
    yield client("ec2", running.endpoint)
    stop_sandbox(tmp_path)


def test_an_expired_token_and_too_small_a_page_are_refused(strict: EC2Client) -> None:
    token = strict.describe_volumes(MaxResults=5)["NextToken"]
    assert refusal(strict.describe_volumes, NextToken=token) == ("InvalidNextToken", 400)
    assert refusal(strict.describe_volumes, MaxResults=4) == ("InvalidParameterValue", 400)


def test_a_page_size_beside_ids_is_refused(ec2: EC2Client) -> None:
    instance_id = launch(ec2)["InstanceId"]
    refused = ("InvalidParameterCombination", 400)
    assert refusal(ec2.describe_instances, InstanceIds=[instance_id], MaxResults=5) == refused
    too_many = refusal(ec2.describe_instances, MaxResults=5000)
    assert too_many == ("InvalidParameterValue", 400)


def test_only_own_snapshots_are_the_accounts_own(aws_estate: Sandbox) -> None:
    ec2 = client("ec2", aws_estate.endpoint)
    own = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    everybodys = ec2.describe_snapshots()["Snapshots"]
    assert {one["OwnerId"] for one in own} == {aws_estate.account}
    assert len(everybodys) > len(own)


def test_the_enabled_regions_are_listed_and_others_refused(aws_sandbox: Sandbox) -> None:
    ec2 = client("ec2", aws_sandbox.endpoint)
    assert [one["RegionName"] for one in ec2.describe_regions()["Regions"]] == sorted(
        ENABLED_REGIONS
    )
    everywhere = ec2.describe_regions(AllRegions=True)["Regions"]
    closed = {one["RegionName"] for one in everywhere if one["OptInStatus"] == "not-opted-in"}
    assert "ap-east-1" in closed
    elsewhere = client("ec2", aws_sandbox.endpoint, region="ap-east-1")
    assert refusal(elsewhere.describe_instances) == ("AuthFailure", 401)


def test_a_launch_that_cannot_be_is_refused(ec2: EC2Client) -> None:
    def code(**named: Any) -> str:
        asked: dict[str, Any] = {"InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
        refused, status = refusal(ec2.run_instances, **{**asked, **named})
        assert status == 400
        return refused

    public = ec2.describe_images(Owners=["amazon"])["Images"]
    amd64, arm64 = (
        next(one["ImageId"] for one in public if one["Architecture"] == architecture)
        for architecture in ("x86_64", "arm64")
    )
    assert code() == "MissingParameter"
    assert code(ImageId="ami-0123456789abcdef0") == "InvalidAMIID.NotFound"
    assert code(ImageId="nonsense") == "InvalidAMIID.Malformed"
    assert code(ImageId=amd64, InstanceType="t3.nonsense") == "InvalidParameterValue"
    assert code(ImageId=arm64) == "InvalidParameterValue"
    assert code(ImageId=amd64, InstanceType="h1.2xlarge") == "Unsupported"
    assert code(ImageId=amd64, SubnetId="subnet-01234567") == "InvalidSubnetID.NotFound"
    assert code(ImageId=amd64, SecurityGroupIds=["sg-01234567"]) == "InvalidGroup.NotFound"
    assert code(ImageId=amd64, KeyName="nobodys") == "InvalidKeyPair.NotFound"
    elsewhere = {"AvailabilityZone": "us-east-1a"}
    assert code(ImageId=amd64, Placement=elsewhere) == "InvalidParameterValue"
    assert ec2.describe_instances()["Reservations"] == []


def test_an_action_without_a_counterpart_is_refused_as_such(ec2: EC2Client) -> None:
    assert refusal(ec2.describe_byoip_cidrs, MaxResults=5) == ("InvalidAction", 400)

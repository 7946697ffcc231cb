"""Lists of the sandbox AWS: pages, tokens, filters and invalid parameters."""

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

# Service, operation, key of the list in its reply, key of an item's id, and parameters.
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
    ("service", "operation", "name", "identity", "parameters"),
    LISTS,
    ids=[f"{case[0]}-{case[1]}" for case in LISTS],
)
def test_a_list_is_the_same_with_one_item_per_page(
    aws_estate: Sandbox,
    service: str,
    operation: str,
    name: str,
    identity: str,
    parameters: dict[str, Any],
) -> None:
    pages = client(service, aws_estate.endpoint, region="ap-southeast-1").get_paginator(operation)
    [complete] = pages.paginate(**parameters)
    ids = [item[identity] for item in complete[name]]
    assert ids
    assert len(set(ids)) == len(ids)
    aws_estate.limit_pages(1)
    single = [page[name] for page in pages.paginate(**parameters)]
    assert [len(page) for page in single] == [1] * len(ids)
    assert [page[0][identity] for page in single] == ids


def test_instance_types_have_pages_of_a_hundred(aws_sandbox: Sandbox) -> None:
    pages = client("ec2", aws_sandbox.endpoint).get_paginator("describe_instance_types")
    sizes = [len(page["InstanceTypes"]) for page in pages.paginate()]
    assert set(sizes[:-1]) == {100}
    assert sum(sizes) > 500


def test_a_page_counts_instances_and_not_reservations(ec2: EC2Client) -> None:
    launch(ec2, MinCount=7, MaxCount=7)
    first = ec2.describe_instances(MaxResults=5)
    assert [len(group["Instances"]) for group in first["Reservations"]] == [5]
    second = ec2.describe_instances(MaxResults=5, NextToken=first["NextToken"])
    assert [len(group["Instances"]) for group in second["Reservations"]] == [2]
    assert first["Reservations"][0]["ReservationId"] == second["Reservations"][0]["ReservationId"]
    assert "NextToken" not in second


def test_a_filter_applies_to_every_page(ec2: EC2Client) -> None:
    for name in ("a", "a", "a", "b"):
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        launch(ec2, TagSpecifications=tags)
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[{"Name": "tag:Name", "Values": ["a"]}], PaginationConfig={"PageSize": 2}
    )
    assert [len(page["Reservations"]) for page in pages] == [2, 1]


def test_an_invalid_page_token_is_refused(aws_estate: Sandbox) -> None:
    ec2 = client("ec2", aws_estate.endpoint)
    refused = ("InvalidNextToken", 400)
    assert refusal(ec2.describe_volumes, NextToken="garbage") == refused
    token = ec2.describe_volumes(MaxResults=5)["NextToken"]
    # A token is opaque and valid for its own list only.
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
    """An EC2 with the page size limits of the real one, whose page tokens expire at once."""
    options = ["--minimum-page-size", "5", "--page-token-seconds", "0"]
    running = start_sandbox(tmp_path, clouds=["aws"], seed="estate", options=options)["aws"]
    yield client("ec2", running.endpoint)
    stop_sandbox(tmp_path)


def test_an_expired_token_and_a_small_page_size_are_refused(strict: EC2Client) -> None:
    token = strict.describe_volumes(MaxResults=5)["NextToken"]
    assert refusal(strict.describe_volumes, NextToken=token) == ("InvalidNextToken", 400)
    assert refusal(strict.describe_volumes, MaxResults=4) == ("InvalidParameterValue", 400)


def test_a_page_size_together_with_ids_is_refused(ec2: EC2Client) -> None:
    instance_id = launch(ec2)["InstanceId"]
    refused = ("InvalidParameterCombination", 400)
    assert refusal(ec2.describe_instances, InstanceIds=[instance_id], MaxResults=5) == refused
    too_many = refusal(ec2.describe_instances, MaxResults=5000)
    assert too_many == ("InvalidParameterValue", 400)


def test_self_lists_only_the_accounts_own_snapshots(aws_estate: Sandbox) -> None:
    ec2 = client("ec2", aws_estate.endpoint)
    own = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    visible = ec2.describe_snapshots()["Snapshots"]
    assert {snapshot["OwnerId"] for snapshot in own} == {aws_estate.account}
    assert len(visible) > len(own)


def test_the_enabled_regions_are_listed_and_others_refused(aws_sandbox: Sandbox) -> None:
    ec2 = client("ec2", aws_sandbox.endpoint)
    assert [region["RegionName"] for region in ec2.describe_regions()["Regions"]] == sorted(
        ENABLED_REGIONS
    )
    everywhere = ec2.describe_regions(AllRegions=True)["Regions"]
    closed = {
        region["RegionName"] for region in everywhere if region["OptInStatus"] == "not-opted-in"
    }
    assert "ap-east-1" in closed
    elsewhere = client("ec2", aws_sandbox.endpoint, region="ap-east-1")
    assert refusal(elsewhere.describe_instances) == ("AuthFailure", 401)


def test_an_invalid_launch_is_refused(ec2: EC2Client) -> None:
    def code(**named: Any) -> str:
        parameters: dict[str, Any] = {"InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
        refused, status = refusal(ec2.run_instances, **{**parameters, **named})
        assert status == 400
        return refused

    public = ec2.describe_images(Owners=["amazon"])["Images"]
    amd64, arm64 = (
        next(image["ImageId"] for image in public if image["Architecture"] == architecture)
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


def test_an_unsupported_action_is_refused(ec2: EC2Client) -> None:
    assert refusal(ec2.describe_byoip_cidrs, MaxResults=5) == ("InvalidAction", 400)

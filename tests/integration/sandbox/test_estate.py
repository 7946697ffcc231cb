"""The seeded estate: large, varied, and the same in every run."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from skyclust_sandbox.aws.estate import SITES, plan_instances
from skyclust_sandbox.aws.launches import check_architecture, check_type
from skyclust_sandbox.aws.regions import ENABLED_REGIONS
from tests.fixtures.machine_speed import bound
from tests.fixtures.sandbox import Sandbox
from tests.integration.sandbox.aws import client

pytestmark = pytest.mark.integration


def instances(sandbox: Sandbox, region: str) -> list[dict[str, Any]]:
    pages = client("ec2", sandbox.endpoint, region=region).get_paginator("describe_instances")
    return [
        instance
        for page in pages.paginate()
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    ]


def test_it_has_hundreds_of_instances_in_several_regions(aws_estate: Sandbox) -> None:
    by_region = {region: instances(aws_estate, region) for region in ENABLED_REGIONS}
    assert sum(len(listed) for listed in by_region.values()) >= 300
    assert {region for region, listed in by_region.items() if listed} == set(SITES)
    states = Counter(
        instance["State"]["Name"] for region in SITES for instance in by_region[region]
    )
    assert set(states) == {"running", "stopped"}
    assert states["stopped"] >= 20


def test_instances_have_names_tags_and_ages(aws_estate: Sandbox) -> None:
    listed = instances(aws_estate, "eu-central-1")
    tags = [{tag["Key"]: tag["Value"] for tag in instance["Tags"]} for instance in listed]
    assert all(tagged["Name"] for tagged in tags)
    for key in ("environment", "team", "cost-center", "application"):
        assert len({tagged[key] for tagged in tags if key in tagged}) >= 3
        assert any(key not in tagged for tagged in tags)  # some instances lack required tags
    launched = [instance["LaunchTime"] for instance in listed]
    assert max(launched) < datetime.now(UTC)
    assert min(launched) < datetime.now(UTC) - timedelta(days=365)


def test_it_has_unused_resources(aws_estate: Sandbox) -> None:
    ec2 = client("ec2", aws_estate.endpoint)
    year_ago = datetime.now(UTC) - timedelta(days=365)
    disks = ec2.describe_volumes()["Volumes"]
    assert sum(disk["State"] == "available" for disk in disks) >= 5
    snapshots = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert sum(snapshot["StartTime"] < year_ago for snapshot in snapshots) >= 5
    addresses = ec2.describe_addresses()["Addresses"]
    assert sum("AssociationId" not in address for address in addresses) == 3
    assert len(ec2.describe_images(Owners=["self"])["Images"]) == 6
    assert len(ec2.describe_vpcs()["Vpcs"]) == 4
    assert client("elbv2", aws_estate.endpoint).describe_load_balancers()["LoadBalancers"]
    classic = client("elb", aws_estate.endpoint).describe_load_balancers()
    [old] = classic["LoadBalancerDescriptions"]
    assert old["LoadBalancerName"] == "legacy-intranet"


def test_the_estate_is_the_same_in_every_run_and_whichever_region_is_read_first(
    aws_estate: Sandbox,
) -> None:
    def known(*regions: str) -> dict[str, set[tuple[str, str, str]]]:
        return {
            region: {
                (instance["InstanceId"], instance["InstanceType"], instance["SubnetId"])
                for instance in instances(aws_estate, region)
            }
            for region in regions
        }

    first = known("us-east-1", "eu-west-1")
    aws_estate.reset("estate")
    assert known("eu-west-1", "us-east-1") == first


def test_every_planned_instance_can_be_launched_in_its_region() -> None:
    for region in SITES:
        for machine in plan_instances(region):
            check_type(machine.type, region, None)
            check_architecture(machine.type, machine.architecture)


def test_an_instance_of_the_estate_is_stopped_and_terminated(aws_estate: Sandbox) -> None:
    ec2 = client("ec2", aws_estate.endpoint)
    running = next(
        instance["InstanceId"]
        for instance in instances(aws_estate, "eu-central-1")
        if instance["State"]["Name"] == "running"
    )
    ec2.stop_instances(InstanceIds=[running])
    time.sleep(aws_estate.transition_seconds)
    ec2.terminate_instances(InstanceIds=[running])
    time.sleep(aws_estate.transition_seconds)
    described = ec2.describe_instances(InstanceIds=[running])["Reservations"][0]["Instances"][0]
    assert described["State"]["Name"] == "terminated"


def test_an_estate_is_ready_at_once(aws_sandbox: Sandbox) -> None:
    started = time.monotonic()
    aws_sandbox.reset("estate")
    for region in SITES:
        instances(aws_sandbox, region)
    assert time.monotonic() - started < bound(8)

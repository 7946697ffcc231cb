"""Inventory of AWS beyond the conformance suite: load balancers, owners, the estate."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from providers.aws.load_balancers import TAGGED_AT_ONCE
from providers.aws.provider import AwsProvider
from skyclust.model.resource import Resource, ResourceKind
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.sandbox import Sandbox
from tests.integration.aws.conftest import REGION

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

pytestmark = pytest.mark.integration
Bare = Callable[[str], Any]
REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "resources.md"
NUMBER = 2 * TAGGED_AT_ONCE + 5


def listed(provider: AwsProvider, kind: ResourceKind) -> dict[str, Resource]:
    pages = provider.list_resources(REGION, kind)
    return {resource.name: resource for page in pages for resource in page}


@pytest.fixture
def balancers(bare: Bare, ec2: EC2Client) -> list[str]:
    """Create more load balancers than one DescribeTags accepts; return their names."""
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"][:2]]
    elbv2 = bare("elbv2")
    names = [f"lb-{number}" for number in range(NUMBER)]
    for name in names:
        elbv2.create_load_balancer(Name=name, Subnets=subnets, Tags=[{"Key": "of", "Value": name}])
    return names


def test_every_load_balancer_has_its_own_tags(
    provider: AwsProvider, balancers: list[str], aws_sandbox: Sandbox
) -> None:
    found = listed(provider, ResourceKind.LOAD_BALANCER)
    assert sorted(found) == sorted(balancers)
    assert {name: balancer.tags for name, balancer in found.items()} == {
        name: {"of": name} for name in balancers
    }
    assert aws_sandbox.calls()["DescribeTags"] == 3


def test_a_load_balancer_deleted_while_tags_are_read_is_left_out(
    provider: AwsProvider, balancers: list[str], aws_sandbox: Sandbox
) -> None:
    vanished = Fault(
        kind=FaultKind.ERROR,
        action="DescribeTags",
        code="LoadBalancerNotFound",
        status=400,
        times=2,
    )
    aws_sandbox.inject(vanished)
    assert sorted(listed(provider, ResourceKind.LOAD_BALANCER)) == sorted(balancers)


def test_classic_load_balancers_are_listed_too(
    provider: AwsProvider, bare: Bare, balancers: list[str]
) -> None:
    bare("elb").create_load_balancer(
        LoadBalancerName="old",
        Listeners=[{"Protocol": "tcp", "LoadBalancerPort": 80, "InstancePort": 80}],
        AvailabilityZones=[f"{REGION}a"],
        Tags=[{"Key": "age", "Value": "old"}],
    )
    found = listed(provider, ResourceKind.LOAD_BALANCER)
    assert sorted(found) == sorted([*balancers, "old"])
    assert found["old"].attributes["type"] == "classic"
    assert found["old"].tags == {"age": "old"}


def test_images_and_snapshots_of_other_accounts_are_left_out(
    provider: AwsProvider, ec2: EC2Client
) -> None:
    assert len(ec2.describe_images()["Images"]) > 0
    assert listed(provider, ResourceKind.IMAGE) == {}
    assert listed(provider, ResourceKind.SNAPSHOT) == {}


def test_a_firewall_shows_its_rules(provider: AwsProvider, ec2: EC2Client) -> None:
    group = ec2.create_security_group(GroupName="web", Description="web servers")["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            }
        ],
    )
    rules = listed(provider, ResourceKind.FIREWALL)["web"].attributes["rules"]
    assert isinstance(rules, list)
    assert {
        "direction": "ingress",
        "protocol": "tcp",
        "from_port": 443,
        "to_port": 443,
        "sources": ["0.0.0.0/0"],
    } in rules


def test_the_page_size_does_not_change_the_inventory(
    provider: AwsProvider, aws_sandbox: Sandbox
) -> None:
    aws_sandbox.reset("estate")
    for kind in sorted(provider.kinds):
        whole = by_id(provider, kind)
        aws_sandbox.limit_pages(7)
        assert by_id(provider, kind) == whole
        aws_sandbox.limit_pages(None)
    assert len(by_id(provider, ResourceKind.INSTANCE)) > 7


def test_every_attribute_is_in_the_reference(provider: AwsProvider, aws_sandbox: Sandbox) -> None:
    aws_sandbox.reset("estate")
    sections = REFERENCE.read_text().split("\n## ")[1:]
    documented = {
        section.splitlines()[0]: set(re.findall(r"`(\w+)`", _first_column(section)))
        for section in sections
    }
    assert set(documented) == {kind.value for kind in ResourceKind}
    for kind in sorted(provider.kinds):
        resources = by_id(provider, kind).values()
        assert resources, f"the estate has no {kind}"
        for resource in resources:
            assert set(resource.attributes) <= documented[kind]


def _first_column(section: str) -> str:
    return "\n".join(row.split("|")[1] for row in section.splitlines() if row.startswith("| `"))


def by_id(provider: AwsProvider, kind: ResourceKind) -> dict[str, Resource]:
    pages = provider.list_resources(REGION, kind)
    return {resource.id: resource for page in pages for resource in page}

"""The sandbox AWS as the conformance suite wants it: seeded, counted, and failing on demand."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import boto3

from providers.aws.credential import AwsCredential
from skyclust.conformance import Failure
from skyclust.model.instance import InstanceSpec
from skyclust.model.resource import ResourceKind
from skyclust.sandbox.faults import Fault, FaultKind
from tests.fixtures.sandbox import Sandbox
from tests.unit.aws.documented_codes import unplaced_classes, unplaced_codes

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

REGION: Final = "eu-central-1"
IMAGE_NAME: Final = "al2023-ami-2023.8.20250915.0-kernel-6.1-x86_64"
SUBNET_NAME: Final = "conformance"


class AwsHarness:
    """Works in one region of the sandbox's main account.

    The suite's credential is the account's user, and only that user's calls fail. The harness
    itself works as a role of the account, so that it can seed and count at any time.
    """

    region = REGION
    smallest_page = 1
    deadline_seconds = 20.0
    poll_seconds = 0.05
    other_type = "t3.large"
    unknown_instance_id = "i-0123456789abcdef0"
    unknown: Mapping[str, str] = {
        "image": "ami-0123456789abcdef0",
        "type": "t3.humongous",
        "network": "subnet-0123456789abcdef0",
    }

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._numbers = count(1)
        # EC2 may always answer with less than was asked for: here with one thing a page.
        sandbox.limit_pages(self.smallest_page)
        role = _client(sandbox, "sts", sandbox.access_key, "any", None).assume_role(
            RoleArn=f"arn:aws:iam::{sandbox.account}:role/{sandbox.role_name}",
            RoleSessionName="conformance",
            ExternalId=sandbox.external_id,
        )["Credentials"]
        keys = (role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"])
        self._ec2: EC2Client = _client(sandbox, "ec2", *keys)
        self._elbv2: ElasticLoadBalancingv2Client = _client(sandbox, "elbv2", *keys)
        [self._image] = self._ec2.describe_images(
            Filters=[{"Name": "name", "Values": [IMAGE_NAME]}]
        )["Images"]
        subnets = self._ec2.get_paginator("describe_subnets").paginate().build_full_result()
        self._subnets = sorted(subnets["Subnets"], key=lambda subnet: subnet["SubnetId"])
        self._ec2.create_tags(
            Resources=[self._subnets[0]["SubnetId"]],
            Tags=[{"Key": "Name", "Value": SUBNET_NAME}],
        )

    def credential(self) -> AwsCredential:
        """Return the credential of the account's user."""
        return self._credential(self._sandbox.access_key, self._sandbox.endpoint)

    def wrong_credential(self) -> AwsCredential:
        """Return keys that AWS does not know."""
        return self._credential("AKIAIOSFODNN7EXAMPLE", self._sandbox.endpoint)

    def unreachable_credential(self) -> AwsCredential:
        """Return a credential for an endpoint where nothing listens: port 1, tcpmux."""
        return self._credential(self._sandbox.access_key, "http://127.0.0.1:1")

    def _credential(self, access_key_id: str, endpoint: str) -> AwsCredential:
        return AwsCredential.model_validate(
            {
                "access_key_id": access_key_id,
                "secret_access_key": f"canary-secret-of-{access_key_id}",
                "endpoint": endpoint,
            }
        )

    def fail(self, failure: Failure) -> None:
        """Let the calls of the account's user fail."""
        user = self._sandbox.access_key
        self._sandbox.inject(
            {
                Failure.THROTTLED: Fault(kind=FaultKind.THROTTLE, access_key=user),
                Failure.BROKEN: Fault(kind=FaultKind.ERROR, access_key=user),
                Failure.DENIED: Fault(kind=FaultKind.DENY, access_key=user, region=REGION),
                Failure.EXPIRED: Fault(kind=FaultKind.EXPIRE, access_key=user),
                Failure.LOST_REPLY: Fault(
                    kind=FaultKind.DROP_REPLY, access_key=user, action="RunInstances", times=1
                ),
            }[failure]
        )

    def recover(self) -> None:
        """End every failure."""
        self._sandbox.clear()

    def calls(self) -> int:
        """Return the sandbox's count of calls."""
        return sum(self._sandbox.calls().values())

    def unmapped_errors(self) -> Sequence[str]:
        """Return botocore's classes and AWS's documented codes that have no place."""
        return [*unplaced_classes(), *unplaced_codes()]

    def spec(self, name: str) -> InstanceSpec:
        """Return a small machine."""
        return InstanceSpec(
            name=name,
            region=REGION,
            type="t3.small",
            image=self._image["ImageId"],
            network=self._subnets[0]["SubnetId"],
            tags={"team": "conformance"},
        )

    def spec_by_names(self, name: str) -> InstanceSpec:
        """Return the same machine by the names of its image and subnet."""
        names = {"image": IMAGE_NAME, "network": SUBNET_NAME}
        return self.spec(name).model_copy(update=names)

    def machines(self) -> int:
        """Return how many instances are not terminated."""
        pages = self._ec2.get_paginator("describe_instances").paginate()
        states = [
            i["State"]["Name"] for p in pages for r in p["Reservations"] for i in r["Instances"]
        ]
        return sum(1 for state in states if state != "terminated")

    def seed(self, kind: ResourceKind, number: int) -> Sequence[str]:
        """Make resources of a kind and return their ids."""
        make = {
            ResourceKind.INSTANCE: self._make_instance,
            ResourceKind.DISK: self._make_disk,
            ResourceKind.SNAPSHOT: self._make_snapshot,
            ResourceKind.IMAGE: self._make_image,
            ResourceKind.NETWORK: self._make_network,
            ResourceKind.SUBNET: self._make_subnet,
            ResourceKind.FIREWALL: self._make_firewall,
            ResourceKind.ADDRESS: self._make_address,
            ResourceKind.LOAD_BALANCER: self._make_load_balancer,
        }[kind]
        made = [make(next(self._numbers)) for _ in range(number)]
        if kind is ResourceKind.INSTANCE:
            self._await_running(made)
        return made

    def _make_instance(self, number: int) -> str:
        launched = self._ec2.run_instances(
            MinCount=1,
            MaxCount=1,
            ImageId=self._image["ImageId"],
            InstanceType="t3.small",
            TagSpecifications=[
                {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": f"seed-{number}"}]}
            ],
        )
        return launched["Instances"][0]["InstanceId"]

    def _await_running(self, instance_ids: Sequence[str]) -> None:
        end = time.monotonic() + self.deadline_seconds
        while time.monotonic() < end:
            answer = self._ec2.describe_instances(InstanceIds=instance_ids)
            machines = [i for r in answer["Reservations"] for i in r["Instances"]]
            if {machine["State"]["Name"] for machine in machines} == {"running"}:
                return
            time.sleep(self.poll_seconds)
        raise TimeoutError(f"The sandbox did not start {instance_ids}.")

    def _make_disk(self, number: int) -> str:
        volume = self._ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=number)
        return volume["VolumeId"]

    def _make_snapshot(self, number: int) -> str:
        disk = self._make_disk(number)
        return self._ec2.create_snapshot(VolumeId=disk, Description=f"{number}")["SnapshotId"]

    def _make_image(self, number: int) -> str:
        return self._ec2.register_image(
            Name=f"seed-{number}", Architecture="x86_64", RootDeviceName="/dev/sda1"
        )["ImageId"]

    def _make_network(self, number: int) -> str:
        return self._ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]

    def _make_subnet(self, number: int) -> str:
        network = self._make_network(number)
        subnet = self._ec2.create_subnet(VpcId=network, CidrBlock=f"10.{number}.1.0/24")
        return subnet["Subnet"]["SubnetId"]

    def _make_firewall(self, number: int) -> str:
        return self._ec2.create_security_group(
            GroupName=f"seed-{number}", Description="seed", VpcId=self._subnets[0]["VpcId"]
        )["GroupId"]

    def _make_address(self, number: int) -> str:
        del number
        return self._ec2.allocate_address(Domain="vpc")["AllocationId"]

    def _make_load_balancer(self, number: int) -> str:
        made = self._elbv2.create_load_balancer(
            Name=f"seed-{number}", Subnets=[subnet["SubnetId"] for subnet in self._subnets[:2]]
        )
        return made["LoadBalancers"][0]["LoadBalancerArn"]


def _client(sandbox: Sandbox, service: Any, access_key: str, secret: str, token: str | None) -> Any:
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=sandbox.endpoint,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        aws_session_token=token,
    )

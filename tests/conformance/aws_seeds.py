"""Resources of every kind, which the conformance suite creates in the sandbox AWS."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Final

from skyclust.model.resource import ResourceKind

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import SubnetTypeDef
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

START_SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.05


class AwsSeeds:
    """Creates resources in the region of its clients."""

    def __init__(
        self,
        ec2: EC2Client,
        elbv2: ElasticLoadBalancingv2Client,
        *,
        image: str,
        subnets: Sequence[SubnetTypeDef],
    ) -> None:
        self._ec2 = ec2
        self._elbv2 = elbv2
        self._image = image
        self._subnets = subnets
        self._zone = subnets[0]["AvailabilityZone"]
        self._numbers = count(1)
        self.newest: dict[ResourceKind, str] = {}

    def make(self, kind: ResourceKind, number: int) -> Sequence[str]:
        """Create resources of a kind and return their ids."""
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
        created = [make(next(self._numbers)) for _ in range(number)]
        self.newest[kind] = created[-1]
        if kind is ResourceKind.INSTANCE:
            self._await_running(created)
        return created

    def _make_instance(self, number: int) -> str:
        launched = self._ec2.run_instances(
            MinCount=1,
            MaxCount=1,
            ImageId=self._image,
            InstanceType="t3.small",
            TagSpecifications=[
                {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": f"seed-{number}"}]}
            ],
        )
        return launched["Instances"][0]["InstanceId"]

    def _await_running(self, instance_ids: Sequence[str]) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            answer = self._ec2.describe_instances(InstanceIds=instance_ids)
            instances = [i for r in answer["Reservations"] for i in r["Instances"]]
            if {instance["State"]["Name"] for instance in instances} == {"running"}:
                return
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"The sandbox did not start {instance_ids}.")

    def _make_disk(self, number: int) -> str:
        volume = self._ec2.create_volume(AvailabilityZone=self._zone, Size=number)
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
        created = self._elbv2.create_load_balancer(
            Name=f"seed-{number}", Subnets=[subnet["SubnetId"] for subnet in self._subnets[:2]]
        )
        return created["LoadBalancers"][0]["LoadBalancerArn"]

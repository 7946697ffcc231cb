"""The sandbox AWS for the conformance suite: seeds, call counts and faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import boto3

from providers.aws.credential import AwsCredential
from skyclust.conformance import Failure
from skyclust.model.instance import InstanceReference, InstanceSpec
from skyclust.model.resource import ResourceKind
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.instance_use import UseKind, kind_of
from tests.conformance.aws_faults import CHANGES, ODD_ANSWERS, REQUIRED_FIELDS
from tests.conformance.aws_seeds import AwsSeeds
from tests.fixtures.sandbox import Sandbox
from tests.unit.aws.documented_codes import unmapped_classes, unmapped_codes

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import SnapshotTypeDef, VolumeTypeDef
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

REGION: Final = "eu-central-1"
IMAGE_NAME: Final = "al2023-ami-2023.8.20250915.0-kernel-6.1-x86_64"
SUBNET_NAME: Final = "conformance"


@dataclass(frozen=True)
class _Written:
    """A text on a volume; volumes of moto have no content, but snapshots have a source."""

    volume_id: str
    text: str
    snapshots_before: frozenset[str]


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
    unknown_disk_id = "vol-0123456789abcdef0"
    image_family = "ubuntu-24.04"
    console_text = "Linux version"
    unknown: Mapping[str, str] = {
        "image": "ami-0123456789abcdef0",
        "type": "t3.humongous",
        "network": "subnet-0123456789abcdef0",
    }

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._written: list[_Written] = []
        # EC2 may return smaller pages than requested: here pages of one item.
        sandbox.limit_pages(self.smallest_page)
        role = _client(sandbox, "sts", sandbox.access_key, "any", None).assume_role(
            RoleArn=f"arn:aws:iam::{sandbox.account}:role/{sandbox.role_name}",
            RoleSessionName="conformance",
            ExternalId=sandbox.external_id,
        )["Credentials"]
        keys = (role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"])
        self._ec2: EC2Client = _client(sandbox, "ec2", *keys)
        elbv2: ElasticLoadBalancingv2Client = _client(sandbox, "elbv2", *keys)
        [self._image] = self._ec2.describe_images(
            Filters=[{"Name": "name", "Values": [IMAGE_NAME]}]
        )["Images"]
        subnets = self._ec2.get_paginator("describe_subnets").paginate().build_full_result()
        self._subnets = sorted(subnets["Subnets"], key=lambda subnet: subnet["SubnetId"])
        self._ec2.create_tags(
            Resources=[self._subnets[0]["SubnetId"]],
            Tags=[{"Key": "Name", "Value": SUBNET_NAME}],
        )
        self._seeds = AwsSeeds(
            self._ec2, elbv2, image=self._image["ImageId"], subnets=self._subnets
        )

    def credential(self) -> AwsCredential:
        """Return the credential of the account's user."""
        return self._credential(self._sandbox.access_key, self._sandbox.endpoint)

    def wrong_credential(self) -> AwsCredential:
        """Return unknown keys."""
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
        """Let calls of the account's user fail."""
        user = self._sandbox.access_key
        if failure in ODD_ANSWERS:
            kind, actions = ODD_ANSWERS[failure]
            self._sandbox.inject(
                *(Fault(kind=kind, access_key=user, action=action) for action in actions)
            )
            return
        if failure is Failure.LOST_CHANGE:
            lost = partial(Fault, kind=FaultKind.DROP_REPLY, access_key=user, times=1)
            self._sandbox.inject(*(lost(action=action) for action in CHANGES))
            return
        launch = partial(Fault, access_key=user, action="RunInstances", kind=FaultKind.ERROR)
        self._sandbox.inject(
            {
                Failure.THROTTLED: Fault(kind=FaultKind.THROTTLE, access_key=user),
                Failure.BROKEN: Fault(kind=FaultKind.ERROR, access_key=user),
                Failure.DENIED: Fault(kind=FaultKind.DENY, access_key=user, region=REGION),
                Failure.EXPIRED: Fault(kind=FaultKind.EXPIRE, access_key=user),
                Failure.LOST_REPLY: Fault(
                    kind=FaultKind.DROP_REPLY, access_key=user, action="RunInstances", times=1
                ),
                Failure.NO_CAPACITY: launch(code="InsufficientInstanceCapacity", status=500),
                Failure.NO_QUOTA: launch(code="VcpuLimitExceeded", status=400),
            }[failure]
        )

    def corrupt(self, kind: ResourceKind) -> str:
        """Omit a required field of the newest resource of a kind.

        Mostly that is its id, and then the error names it by its position in the list.
        """
        action, field = REQUIRED_FIELDS[kind]
        newest = self._seeds.newest[kind]
        user = self._sandbox.access_key
        self._sandbox.inject(
            Fault(kind=FaultKind.OMIT, access_key=user, action=action, field=field, item=newest)
        )
        if kind is ResourceKind.LOAD_BALANCER:
            return newest.split("/")[-2]
        return newest if kind is ResourceKind.INSTANCE else "number"

    def reuse_id(self, instance: InstanceReference) -> InstanceReference | None:
        """Return None: EC2 never reuses an id."""
        return None

    def reboots(self) -> int:
        """Return how often a reboot reached the sandbox."""
        return self._sandbox.calls().get("RebootInstances", 0)

    def interrupt_after(self, calls: int) -> None:
        """Lose the reply to a call after some calls, and fail all calls that follow."""
        user = self._sandbox.access_key
        self._sandbox.inject(
            Fault(kind=FaultKind.DROP_REPLY, access_key=user, after=calls, times=1),
            Fault(kind=FaultKind.ERROR, access_key=user, after=calls),
        )

    def recover(self) -> None:
        """End every failure."""
        self._sandbox.clear()

    def calls(self) -> int:
        """Return the sandbox's count of calls."""
        return sum(self._sandbox.calls().values())

    def unmapped_errors(self) -> Sequence[str]:
        """Return botocore's classes and AWS's documented codes that are not mapped."""
        return [*unmapped_classes(), *unmapped_codes()]

    def spec(self, name: str) -> InstanceSpec:
        """Return the spec of a small instance."""
        return InstanceSpec(
            name=name,
            region=REGION,
            type="t3.small",
            image=self._image["ImageId"],
            network=self._subnets[0]["SubnetId"],
            tags={"team": "conformance"},
            public_address=True,
        )

    def spec_by_names(self, name: str) -> InstanceSpec:
        """Return the same spec with the names of its image and subnet."""
        names = {"image": IMAGE_NAME, "network": SUBNET_NAME}
        return self.spec(name).model_copy(update=names)

    def instance_count(self) -> int:
        """Return how many instances are not terminated."""
        pages = self._ec2.get_paginator("describe_instances").paginate()
        states = [
            i["State"]["Name"] for p in pages for r in p["Reservations"] for i in r["Instances"]
        ]
        return sum(1 for state in states if state != "terminated")

    def resource_ids(self) -> Sequence[str]:
        """Return the ids of instances, volumes, interfaces and addresses."""
        pages = self._ec2.get_paginator("describe_instances").paginate()
        instances = [
            i["InstanceId"]
            for p in pages
            for r in p["Reservations"]
            for i in r["Instances"]
            if i["State"]["Name"] != "terminated"
        ]
        volumes = self._ec2.get_paginator("describe_volumes").paginate().build_full_result()
        interfaces = self._ec2.describe_network_interfaces()["NetworkInterfaces"]
        return sorted(
            [
                *instances,
                *(volume["VolumeId"] for volume in volumes["Volumes"]),
                *(interface["NetworkInterfaceId"] for interface in interfaces),
                *(
                    address["AllocationId"]
                    for address in self._ec2.describe_addresses()["Addresses"]
                ),
            ]
        )

    def spare_disk(self) -> str:
        """Create a volume in the zone of the instances."""
        zone = self._subnets[0]["AvailabilityZone"]
        return self._ec2.create_volume(AvailabilityZone=zone, Size=1)["VolumeId"]

    def write_disks(self, instance_id: str, text: str) -> None:
        """Write a text to every disk, and record the snapshots taken before."""
        taken = frozenset(snapshot["SnapshotId"] for snapshot in self._snapshots())
        for volume in self._volumes_of(instance_id):
            self._written.append(_Written(volume["VolumeId"], text, taken))

    def read_disks(self, instance_id: str) -> Sequence[str]:
        """Return the text on each disk: the written text, or that of its snapshot."""
        sources = {shot["SnapshotId"]: shot["VolumeId"] for shot in self._snapshots()}
        return [
            self._text(volume["VolumeId"], None)
            or self._text(sources.get(volume.get("SnapshotId", ""), ""), volume.get("SnapshotId"))
            for volume in self._volumes_of(instance_id)
        ]

    def _text(self, volume_id: str, kept_by: str | None) -> str:
        texts = [
            written.text
            for written in self._written
            if written.volume_id == volume_id and kept_by not in written.snapshots_before
        ]
        return texts[-1] if texts else ""

    def _snapshots(self) -> list[SnapshotTypeDef]:
        pages = self._ec2.get_paginator("describe_snapshots").paginate(OwnerIds=["self"])
        return list(pages.build_full_result()["Snapshots"])

    def _volumes_of(self, instance_id: str) -> list[VolumeTypeDef]:
        pages = self._ec2.get_paginator("describe_volumes").paginate(
            Filters=[{"Name": "attachment.instance-id", "Values": [instance_id]}]
        )
        return list(pages.build_full_result()["Volumes"])

    def seed(self, kind: ResourceKind, number: int) -> Sequence[str]:
        """Create resources of a kind and return their ids."""
        return self._seeds.make(kind, number)

    def metered_instance(self) -> str:
        """Launch instances until the sandbox has metrics of one: it goes by their ids."""
        while True:
            [instance_id] = self.seed(ResourceKind.INSTANCE, 1)
            if kind_of(instance_id) is not UseKind.SILENT:
                return instance_id


def _client(sandbox: Sandbox, service: Any, access_key: str, secret: str, token: str | None) -> Any:
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=sandbox.endpoint,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        aws_session_token=token,
    )

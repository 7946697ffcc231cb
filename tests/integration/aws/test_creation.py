"""Creating instances: names, zones and tokens, also after a termination."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from providers.aws.client import AwsClients
from providers.aws.creation import create_instance
from providers.aws.credential import AwsCredential
from providers.aws.provider import AwsProvider
from skyclust.errors import InvalidRequest, NotFound, Timeout
from skyclust.model.instance import Instance, InstanceSpec, InstanceState
from skyclust.operations.waiting import wait_for_state
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.sandbox import Sandbox
from tests.integration.aws.conftest import AMAZON_IMAGE, REGION

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

pytestmark = pytest.mark.integration
Spec = Callable[..., InstanceSpec]


def becomes(provider: AwsProvider, instance: Instance, state: InstanceState) -> None:
    wait_for_state(provider, instance.reference, state, deadline_seconds=20, poll_seconds=0.05)


def name_tag(ec2: EC2Client, thing: str, name: str) -> None:
    ec2.create_tags(Resources=[thing], Tags=[{"Key": "Name", "Value": name}])


def default_subnets(ec2: EC2Client) -> dict[str, str]:
    """Return the subnets of the default network by zone."""
    return {s["AvailabilityZone"]: s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]}


def test_every_field_of_the_spec_takes_effect(
    provider: AwsProvider, ec2: EC2Client, spec: Spec
) -> None:
    ec2.create_key_pair(KeyName="ops")
    instance_spec = spec(
        ssh_keys=["ops"],
        user_data="#cloud-config\npackages: [nginx]\n",
        tags={"team": "shop"},
        disks=[{"size_gib": 20, "type": "gp3"}, {"size_gib": 5}],
    )
    created = provider.create_instance(instance_spec, "t-1")
    assert created.attributes["key"] == "ops"
    assert created.tags == {"Name": "web", "team": "shop", "skyclust:token": "t-1"}
    attribute = ec2.describe_instance_attribute(InstanceId=created.id, Attribute="userData")
    assert base64.b64decode(attribute["UserData"]["Value"]).decode() == instance_spec.user_data
    volumes = ec2.describe_volumes(
        Filters=[{"Name": "attachment.instance-id", "Values": [created.id]}]
    )["Volumes"]
    data = {v["Attachments"][0]["Device"]: v for v in volumes if v["Size"] in {20, 5}}
    assert sorted(data) == ["/dev/sdf", "/dev/sdg"]
    assert data["/dev/sdf"]["VolumeType"] == "gp3"
    assert {"Key": "skyclust:token", "Value": "t-1"} in data["/dev/sdf"]["Tags"]


def test_an_image_of_the_account_precedes_a_public_image(
    provider: AwsProvider, ec2: EC2Client, spec: Spec
) -> None:
    public = provider.create_instance(spec(), "t-1")
    own = ec2.register_image(Name=AMAZON_IMAGE, Architecture="x86_64", RootDeviceName="/dev/xvda")[
        "ImageId"
    ]
    assert public.image != own
    assert provider.create_instance(spec(), "t-2").image == own


def test_images_with_one_name_are_refused_with_their_ids(
    provider: AwsProvider, ec2: EC2Client, spec: Spec
) -> None:
    ids = [
        ec2.register_image(Name="web", Architecture="x86_64", RootDeviceName="/dev/xvda")["ImageId"]
        for _ in range(2)
    ]
    with pytest.raises(InvalidRequest, match=", ".join(sorted(ids))):
        provider.create_instance(spec(image="web"), "t-1")


def test_an_image_name_is_not_a_pattern(provider: AwsProvider, spec: Spec) -> None:
    with pytest.raises(NotFound, match=r"no image 'al2023-\*'"):
        provider.create_instance(spec(image="al2023-*"), "t-1")


@pytest.mark.parametrize("publisher", ["ubuntu/images/hvm-ssd", "debian-12"])
def test_images_of_known_publishers_are_selected_by_name(
    provider: AwsProvider, ec2: EC2Client, spec: Spec, publisher: str
) -> None:
    images = ec2.describe_images(
        Filters=[
            {"Name": "name", "Values": [f"{publisher}*"]},
            {"Name": "architecture", "Values": ["x86_64"]},
        ]
    )["Images"]
    created = provider.create_instance(spec(image=images[0]["Name"]), "t-1")
    assert created.image == images[0]["ImageId"]


def test_an_image_of_another_account_is_not_selected_by_name(
    connect: Callable[..., AwsProvider], aws_sandbox: Sandbox, ec2: EC2Client, spec: Spec
) -> None:
    image = ec2.register_image(
        Name="al2023-best", Architecture="x86_64", RootDeviceName="/dev/xvda"
    )["ImageId"]
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"Group": "all"}]})
    other = connect(access_key_id=aws_sandbox.other_access_key)
    with pytest.raises(NotFound, match="by its id"):
        other.create_instance(spec(image="al2023-best"), "t-1")


def test_a_network_gives_a_subnet_of_the_zone(
    provider: AwsProvider, ec2: EC2Client, spec: Spec
) -> None:
    subnets = default_subnets(ec2)
    network = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    name_tag(ec2, network, "main")
    for number, (zone, subnet) in enumerate(subnets.items()):
        for given in (network, "main"):
            instance_spec = spec(network=given, zone=zone)
            created = provider.create_instance(instance_spec, f"t-{given}-{number}")
            assert (created.subnet, created.zone) == (subnet, zone)


def test_a_repeated_request_selects_the_same_subnet(
    provider: AwsProvider, ec2: EC2Client, spec: Spec
) -> None:
    network = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    first = provider.create_instance(spec(network=network), "t-1")
    assert provider.create_instance(spec(network=network), "t-1") == first
    assert first.subnet in default_subnets(ec2).values()


def test_a_subnet_in_another_zone_is_refused(
    provider: AwsProvider, ec2: EC2Client, spec: Spec
) -> None:
    subnet = default_subnets(ec2)[f"{REGION}a"]
    with pytest.raises(InvalidRequest, match=f"no subnet in zone {REGION}b.*{REGION}a"):
        provider.create_instance(spec(network=subnet, zone=f"{REGION}b"), "t-1")


def test_subnets_with_one_name_are_selected_by_zone_or_id(
    provider: AwsProvider, ec2: EC2Client, spec: Spec
) -> None:
    subnets = default_subnets(ec2)
    for subnet in subnets.values():
        name_tag(ec2, subnet, "private")
    with pytest.raises(InvalidRequest, match="subnets in eu-central-1 are called 'private'"):
        provider.create_instance(spec(network="private"), "t-1")
    created = provider.create_instance(spec(network="private", zone=f"{REGION}b"), "t-2")
    assert created.subnet == subnets[f"{REGION}b"]


def test_a_zone_without_a_network(provider: AwsProvider, spec: Spec) -> None:
    assert provider.create_instance(spec(zone=f"{REGION}c"), "t-1").zone == f"{REGION}c"


def test_a_token_of_any_length_creates_one_instance(provider: AwsProvider, spec: Spec) -> None:
    token = "workspace/operation/" + "7" * 200
    created = provider.create_instance(spec(), token)
    assert provider.create_instance(spec(), token).id == created.id
    assert [i.id for i in provider.find_instances(REGION, token)] == [created.id]


def test_throttling_only_delays_the_creation(
    provider: AwsProvider, aws_sandbox: Sandbox, spec: Spec, impatient_sdk: None
) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.THROTTLE, action="RunInstances", times=9))
    assert provider.create_instance(spec(), "t-1").state is InstanceState.PENDING
    assert aws_sandbox.calls()["RunInstances"] == 10


def test_a_token_returns_its_terminated_instance(provider: AwsProvider, spec: Spec) -> None:
    created = provider.create_instance(spec(), "t-1")
    provider.delete_instance(created.reference)
    becomes(provider, created, InstanceState.DELETED)
    again = provider.create_instance(spec(), "t-1")
    assert (again.id, again.state) == (created.id, InstanceState.DELETED)


def unlisted(times: int | None = None) -> Fault:
    """Let EC2 not list an instance, as before its first listing or long after its end."""
    return Fault(
        kind=FaultKind.ERROR,
        action="DescribeInstances",
        code="InvalidInstanceID.NotFound",
        status=400,
        times=times,
    )


def test_an_instance_that_is_not_listed_yet_is_awaited(
    provider: AwsProvider, aws_sandbox: Sandbox, spec: Spec
) -> None:
    aws_sandbox.inject(unlisted(times=2))
    created = provider.create_instance(spec(), "t-1")
    assert provider.get_instance(REGION, created.id).id == created.id
    assert aws_sandbox.calls()["DescribeInstances"] == 4


def test_an_instance_that_is_never_listed_is_a_timeout(
    provider: AwsProvider, credential: AwsCredential, aws_sandbox: Sandbox, spec: Spec
) -> None:
    aws_sandbox.inject(unlisted())
    with pytest.raises(Timeout, match=r"accepted instance i-.*does not list it"):
        create_instance(AwsClients(credential), spec(), "t-1", visible_seconds=0.3)
    aws_sandbox.clear()
    again = provider.create_instance(spec(), "t-1")
    assert [i.id for i in provider.find_instances(REGION, "t-1")] == [again.id]


def test_an_instance_that_is_no_longer_listed_is_deleted(
    provider: AwsProvider, aws_sandbox: Sandbox, spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = provider.create_instance(spec(), "t-1")
    aws_sandbox.inject(unlisted())
    monkeypatch.setattr("providers.aws.creation.TERMINATED_LISTED", timedelta(hours=-1))
    again = provider.create_instance(spec(), "t-1")
    assert (again.id, again.state) == (created.id, InstanceState.DELETED)

"""The client token makes RunInstances idempotent."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.sandbox import Sandbox
from tests.integration.sandbox.aws import client, image, launch, refusal, state_of, wait_for

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

pytestmark = pytest.mark.integration


def count(ec2: EC2Client) -> int:
    return sum(
        len(reservation["Instances"]) for reservation in ec2.describe_instances()["Reservations"]
    )


def test_the_same_token_returns_the_same_instance_and_reservation(ec2: EC2Client) -> None:
    parameters: dict[str, Any] = {
        "ImageId": image(),
        "InstanceType": "t3.micro",
        "ClientToken": "one",
    }
    first = ec2.run_instances(MinCount=1, MaxCount=1, **parameters)
    again = ec2.run_instances(MinCount=1, MaxCount=1, **parameters)
    assert again["ReservationId"] == first["ReservationId"]
    assert again["Instances"][0]["InstanceId"] == first["Instances"][0]["InstanceId"]
    assert again["Instances"][0]["ClientToken"] == "one"
    assert count(ec2) == 1


def test_a_token_for_several_instances_returns_all_of_them(ec2: EC2Client) -> None:
    first = launch(ec2, MinCount=3, MaxCount=3, ClientToken="three")
    again = ec2.run_instances(
        ImageId=image(), InstanceType="t3.micro", MinCount=3, MaxCount=3, ClientToken="three"
    )
    assert len(again["Instances"]) == 3
    assert first["InstanceId"] in {instance["InstanceId"] for instance in again["Instances"]}
    assert count(ec2) == 3


def test_no_token_or_another_one_creates_another_instance(ec2: EC2Client) -> None:
    # boto3 sends a random token when the caller passes none.
    instance_ids = {launch(ec2)["InstanceId"], launch(ec2)["InstanceId"]}
    instance_ids |= {launch(ec2, ClientToken=name)["InstanceId"] for name in ("a", "b")}
    assert len(instance_ids) == 4


def test_the_same_token_with_other_parameters_is_refused(ec2: EC2Client) -> None:
    launch(ec2, ClientToken="one")
    changed: dict[str, Any] = {
        "ImageId": image(),
        "InstanceType": "t3.small",
        "MinCount": 1,
        "MaxCount": 1,
    }
    code = refusal(ec2.run_instances, ClientToken="one", **changed)
    assert code == ("IdempotentParameterMismatch", 400)
    assert count(ec2) == 1


def test_a_token_returns_its_terminated_instance(ec2: EC2Client) -> None:
    instance_id = launch(ec2, ClientToken="one")["InstanceId"]
    ec2.terminate_instances(InstanceIds=[instance_id])
    wait_for(ec2, instance_id, "terminated")
    again = launch(ec2, ClientToken="one")
    assert (again["InstanceId"], again["State"]["Name"]) == (instance_id, "terminated")


def test_a_repeated_launch_returns_the_current_state(ec2: EC2Client) -> None:
    first = launch(ec2, ClientToken="one")
    assert first["State"] == {"Code": 0, "Name": "pending"}
    wait_for(ec2, first["InstanceId"], "running")
    assert launch(ec2, ClientToken="one")["State"] == {"Code": 16, "Name": "running"}


def test_a_refused_launch_does_not_use_its_token(ec2: EC2Client) -> None:
    wrong: dict[str, Any] = {
        "ImageId": image(),
        "InstanceType": "t3.nonsense",
        "MinCount": 1,
        "MaxCount": 1,
    }
    assert refusal(ec2.run_instances, ClientToken="one", **wrong)[0] == "InvalidParameterValue"
    assert launch(ec2, ClientToken="one")["State"]["Name"] == "pending"


def test_tokens_belong_to_an_account_and_a_region(aws_sandbox: Sandbox, ec2: EC2Client) -> None:
    other_region = client("ec2", aws_sandbox.endpoint, region="us-east-1")
    other_account = client("ec2", aws_sandbox.endpoint, key=aws_sandbox.other_access_key)
    instance_ids = {
        launch(ec2, ClientToken="one")["InstanceId"],
        launch(other_region, ClientToken="one", ImageId=image("us-east-1"))["InstanceId"],
        launch(other_account, ClientToken="one")["InstanceId"],
    }
    assert len(instance_ids) == 3


def test_concurrent_calls_with_one_token_create_one_instance(
    aws_sandbox: Sandbox, ec2: EC2Client
) -> None:
    barrier = threading.Barrier(8)

    def call(_: int) -> str:
        own_client = client("ec2", aws_sandbox.endpoint)
        barrier.wait(timeout=30)
        return launch(own_client, ClientToken="one")["InstanceId"]

    with ThreadPoolExecutor(8) as threads:
        instance_ids = set(threads.map(call, range(8)))
    assert len(instance_ids) == 1
    assert count(ec2) == 1
    assert state_of(ec2, instance_ids.pop()) in {"pending", "running"}


def test_a_dry_run_creates_nothing(ec2: EC2Client) -> None:
    parameters: dict[str, Any] = {
        "ImageId": image(),
        "InstanceType": "t3.micro",
        "MinCount": 1,
        "MaxCount": 1,
    }
    code, _ = refusal(ec2.run_instances, ClientToken="one", DryRun=True, **parameters)
    assert code == "DryRunOperation"
    assert count(ec2) == 0
    assert launch(ec2, ClientToken="one")["State"]["Name"] == "pending"

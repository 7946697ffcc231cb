"""Twice the same client token is the same machine."""

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
    return sum(len(one["Instances"]) for one in ec2.describe_instances()["Reservations"])


def test_the_same_token_gives_the_same_machine_and_reservation(ec2: EC2Client) -> None:
    asked: dict[str, Any] = {"ImageId": image(), "InstanceType": "t3.micro", "ClientToken": "one"}
    first = ec2.run_instances(MinCount=1, MaxCount=1, **asked)
    again = ec2.run_instances(MinCount=1, MaxCount=1, **asked)
    assert again["ReservationId"] == first["ReservationId"]
    assert again["Instances"][0]["InstanceId"] == first["Instances"][0]["InstanceId"]
    assert again["Instances"][0]["ClientToken"] == "one"
    assert count(ec2) == 1


def test_a_token_for_several_machines_gives_them_all_again(ec2: EC2Client) -> None:
    first = launch(ec2, MinCount=3, MaxCount=3, ClientToken="three")
    again = ec2.run_instances(
        ImageId=image(), InstanceType="t3.micro", MinCount=3, MaxCount=3, ClientToken="three"
    )
    assert len(again["Instances"]) == 3
    assert first["InstanceId"] in {one["InstanceId"] for one in again["Instances"]}
    assert count(ec2) == 3


def test_without_a_token_or_with_another_it_is_another_machine(ec2: EC2Client) -> None:
    # boto3 itself fills in a random token where none is given.
    made = {launch(ec2)["InstanceId"], launch(ec2)["InstanceId"]}
    made |= {launch(ec2, ClientToken=name)["InstanceId"] for name in ("a", "b")}
    assert len(made) == 4


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


def test_a_token_names_its_machine_also_after_its_end(ec2: EC2Client) -> None:
    instance_id = launch(ec2, ClientToken="one")["InstanceId"]
    ec2.terminate_instances(InstanceIds=[instance_id])
    wait_for(ec2, instance_id, "terminated")
    again = launch(ec2, ClientToken="one")
    assert (again["InstanceId"], again["State"]["Name"]) == (instance_id, "terminated")


def test_a_repeated_launch_tells_the_state_of_now(ec2: EC2Client) -> None:
    first = launch(ec2, ClientToken="one")
    assert first["State"] == {"Code": 0, "Name": "pending"}
    wait_for(ec2, first["InstanceId"], "running")
    assert launch(ec2, ClientToken="one")["State"] == {"Code": 16, "Name": "running"}


def test_a_refused_launch_uses_up_no_token(ec2: EC2Client) -> None:
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
    made = {
        launch(ec2, ClientToken="one")["InstanceId"],
        launch(other_region, ClientToken="one", ImageId=image("us-east-1"))["InstanceId"],
        launch(other_account, ClientToken="one")["InstanceId"],
    }
    assert len(made) == 3


def test_many_calls_at_once_with_one_token_make_one_machine(
    aws_sandbox: Sandbox, ec2: EC2Client
) -> None:
    together = threading.Barrier(8)

    def call(_: int) -> str:
        mine = client("ec2", aws_sandbox.endpoint)
        together.wait(timeout=30)
        return launch(mine, ClientToken="one")["InstanceId"]

    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(call, range(8)))
    assert len(made) == 1
    assert count(ec2) == 1
    assert state_of(ec2, made.pop()) in {"pending", "running"}


def test_a_dry_run_makes_nothing(ec2: EC2Client) -> None:
    asked: dict[str, Any] = {
        "ImageId": image(),
        "InstanceType": "t3.micro",
        "MinCount": 1,
        "MaxCount": 1,
    }
    code, _ = refusal(ec2.run_instances, ClientToken="one", DryRun=True, **asked)
    assert code == "DryRunOperation"
    assert count(ec2) == 0
    assert launch(ec2, ClientToken="one")["State"]["Name"] == "pending"

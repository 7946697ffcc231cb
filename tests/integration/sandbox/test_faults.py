"""Faults of the sandbox as boto3 reports them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ConnectionClosedError

from skyclust.errors import InvalidRequest
from skyclust_sandbox.control_client import call_control
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.sandbox import Sandbox
from tests.integration.sandbox.aws import client, image, launch, refusal

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("kind", "at_ec2", "elsewhere"),
    [
        (FaultKind.THROTTLE, ("RequestLimitExceeded", 503), ("Throttling", 400)),
        (FaultKind.ERROR, ("InternalError", 500), ("ServiceUnavailable", 503)),
        (FaultKind.DENY, ("UnauthorizedOperation", 403), ("AccessDenied", 403)),
        (FaultKind.EXPIRE, ("RequestExpired", 400), ("ExpiredToken", 403)),
    ],
)
def test_a_refusal_has_the_error_code_of_its_service(
    aws_sandbox: Sandbox, kind: FaultKind, at_ec2: tuple[str, int], elsewhere: tuple[str, int]
) -> None:
    aws_sandbox.inject(Fault(kind=kind))
    endpoint = aws_sandbox.endpoint
    assert refusal(client("ec2", endpoint).describe_instances) == at_ec2
    assert refusal(client("sts", endpoint).get_caller_identity) == elsewhere
    assert refusal(client("elbv2", endpoint).describe_load_balancers) == elsewhere


def test_a_fault_sets_the_error_code(aws_sandbox: Sandbox, ec2: EC2Client) -> None:
    code = "InsufficientInstanceCapacity"
    aws_sandbox.inject(Fault(kind=FaultKind.ERROR, action="RunInstances", code=code, status=500))
    parameters = {"ImageId": image(), "InstanceType": "t3.micro"}
    assert refusal(ec2.run_instances, MinCount=1, MaxCount=1, **parameters) == (code, 500)


def test_a_throttled_client_that_retries_gets_through(aws_sandbox: Sandbox) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.THROTTLE, times=2))
    retrying = client("ec2", aws_sandbox.endpoint, attempts=5)
    assert retrying.describe_instances()["Reservations"] == []
    assert aws_sandbox.calls() == {"DescribeInstances": 3}


def test_a_delayed_call_is_carried_out(aws_sandbox: Sandbox, ec2: EC2Client) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.DELAY, seconds=0.4, times=1))
    started = time.monotonic()
    ec2.describe_instances()
    assert time.monotonic() - started >= 0.4


def test_a_delayed_call_does_not_delay_others(aws_sandbox: Sandbox, ec2: EC2Client) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.DELAY, seconds=30, action="DescribeVpcs"))
    short_timeout = client("ec2", aws_sandbox.endpoint, timeout=0.5)
    with pytest.raises(Exception, match="Read timeout"):
        short_timeout.describe_vpcs()
    started = time.monotonic()
    ec2.describe_instances()
    assert time.monotonic() - started < 5


def test_a_call_is_carried_out_before_its_reply_is_dropped(
    aws_sandbox: Sandbox, ec2: EC2Client
) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.DROP_REPLY, action="RunInstances", times=1))
    with pytest.raises(ConnectionClosedError):
        launch(ec2, ClientToken="one")
    [reservation] = ec2.describe_instances()["Reservations"]
    # The same client token returns the instance that was created.
    again = launch(ec2, ClientToken="one")
    assert again["InstanceId"] == reservation["Instances"][0]["InstanceId"]
    assert len(ec2.describe_instances()["Reservations"]) == 1


def test_a_client_that_retries_a_dropped_reply_creates_one_instance(aws_sandbox: Sandbox) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.DROP_REPLY, action="RunInstances", times=2))
    retrying = client("ec2", aws_sandbox.endpoint, attempts=5)
    launch(retrying, ClientToken="one")
    assert len(retrying.describe_instances()["Reservations"]) == 1
    assert aws_sandbox.calls()["RunInstances"] == 3


def test_a_fault_strikes_its_region_and_key_only(aws_sandbox: Sandbox) -> None:
    endpoint = aws_sandbox.endpoint
    aws_sandbox.inject(
        Fault(kind=FaultKind.DENY, region="us-east-1"),
        Fault(kind=FaultKind.EXPIRE, access_key=aws_sandbox.other_access_key),
    )
    denied = client("ec2", endpoint, region="us-east-1")
    assert refusal(denied.describe_instances) == ("UnauthorizedOperation", 403)
    expired = client("ec2", endpoint, key=aws_sandbox.other_access_key)
    assert refusal(expired.describe_instances) == ("RequestExpired", 400)
    assert client("ec2", endpoint).describe_instances()["Reservations"] == []


def test_a_cleared_fault_has_no_effect(aws_sandbox: Sandbox, ec2: EC2Client) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.THROTTLE))
    assert refusal(ec2.describe_instances)[0] == "RequestLimitExceeded"
    aws_sandbox.clear()
    assert ec2.describe_instances()["Reservations"] == []


def test_refused_calls_are_counted_and_a_reset_clears_the_counts(
    aws_sandbox: Sandbox, ec2: EC2Client
) -> None:
    ec2.describe_instances()
    aws_sandbox.inject(Fault(kind=FaultKind.DENY))
    refusal(ec2.describe_instances)
    refusal(ec2.describe_volumes)
    assert aws_sandbox.calls() == {"DescribeInstances": 2, "DescribeVolumes": 1}
    aws_sandbox.reset("empty")
    assert aws_sandbox.calls() == {}
    assert ec2.describe_instances()["Reservations"] == []


@pytest.mark.parametrize(
    ("noun", "content"),
    [
        ("faults", {"kind": "explode"}),
        ("faults", [{"kind": "delay", "seconds": "long"}]),
        ("faults", "nonsense"),
        ("pages", {"largest": 0}),
        ("reset", {"seed": "jungle"}),
        ("nothing", {}),
    ],
)
def test_an_invalid_request_to_the_control_api_is_refused(
    aws_sandbox: Sandbox, noun: str, content: object
) -> None:
    with pytest.raises(InvalidRequest, match="refuses POST"):
        call_control(aws_sandbox.endpoint, "POST", noun, content)


def test_a_fault_is_removed_by_its_id(aws_sandbox: Sandbox) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.THROTTLE), Fault(kind=FaultKind.DENY))
    assert call_control(aws_sandbox.endpoint, "DELETE", "faults/1") == {"cleared": 1}
    [left] = standing(aws_sandbox)
    assert left["id"] == 2
    with pytest.raises(InvalidRequest):
        call_control(aws_sandbox.endpoint, "DELETE", "faults/second")


def standing(sandbox: Sandbox) -> list[dict[str, object]]:
    answer = call_control(sandbox.endpoint, "GET", "faults")
    assert isinstance(answer, list)
    return answer

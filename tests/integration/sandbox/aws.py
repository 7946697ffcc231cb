"""Helpers of the tests of the sandbox AWS: clients without retries, and launches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from skyclust_sandbox.aws.regions import PUBLIC_IMAGES, public_image_id

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import InstanceTypeDef

REGION = "eu-central-1"
AMAZON_LINUX = PUBLIC_IMAGES[0].name
AMAZON_LINUX_ARM = PUBLIC_IMAGES[1].name


def image(region: str = REGION, name: str = AMAZON_LINUX) -> str:
    """Return the id of a public image."""
    return public_image_id(name, region)


def client(
    service: str,
    endpoint: str,
    *,
    region: str = REGION,
    key: str = "sandbox",
    session_token: str | None = None,
    attempts: int = 1,
    timeout: float = 20,
) -> Any:
    """Return a boto3 client with a number of attempts."""
    make: Any = boto3.client  # the stubs want the service's name as a literal
    return make(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key="any",
        aws_session_token=session_token,
        config=Config(
            retries={"total_max_attempts": attempts, "mode": "standard"},
            read_timeout=timeout,
            max_pool_connections=32,
        ),
    )


def launch(ec2: EC2Client, **named: Any) -> InstanceTypeDef:
    """Launch a small instance and return it as accepted."""
    parameters: dict[str, Any] = {
        "ImageId": image(),
        "InstanceType": "t3.micro",
        "MinCount": 1,
        "MaxCount": 1,
    }
    instance: InstanceTypeDef = ec2.run_instances(**{**parameters, **named})["Instances"][0]
    return instance


def launch_running(ec2: EC2Client, **named: Any) -> str:
    """Launch a small instance, wait until it runs, and return its id."""
    instance_id = launch(ec2, **named)["InstanceId"]
    wait_for(ec2, instance_id, "running")
    return instance_id


def state_of(ec2: EC2Client, instance_id: str) -> str:
    """Return the current state of an instance."""
    described = ec2.describe_instances(InstanceIds=[instance_id])
    return described["Reservations"][0]["Instances"][0]["State"]["Name"]


def wait_for(ec2: EC2Client, instance_id: str, state: str) -> None:
    """Wait until an instance has a state."""
    deadline = time.monotonic() + 10
    while (now := state_of(ec2, instance_id)) != state:
        assert time.monotonic() < deadline, f"{instance_id} is still {now}, not {state}"
        time.sleep(0.02)


def refusal(call: Callable[..., object], **named: Any) -> tuple[str, int]:
    """Return the error code and HTTP status of a refused call."""
    with pytest.raises(ClientError) as caught:
        call(**named)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]

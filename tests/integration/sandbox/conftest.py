"""Real boto3 clients of the sandbox AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures.sandbox import Sandbox
from tests.integration.sandbox.aws import client

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


@pytest.fixture
def ec2(aws_sandbox: Sandbox) -> EC2Client:
    """An EC2 client of an empty account, without retries."""
    created: EC2Client = client("ec2", aws_sandbox.endpoint)
    return created

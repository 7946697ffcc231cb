"""The AWS provider on the sandbox AWS, and a boto3 client to prepare resources."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3.session
import pytest

from providers.aws.credential import AwsCredential
from providers.aws.provider import AwsProvider
from skyclust.model.instance import InstanceSpec
from tests.fixtures.sandbox import Sandbox

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

REGION = "eu-central-1"
AMAZON_IMAGE = "al2023-ami-2023.8.20250915.0-kernel-6.1-x86_64"

Connect = Callable[..., AwsProvider]


@pytest.fixture
def impatient_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore make all its attempts without pauses."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda _: True)


@pytest.fixture
def credential(aws_sandbox: Sandbox) -> AwsCredential:
    """Return the credential of the main account's user."""
    return AwsCredential.model_validate(
        {
            "access_key_id": aws_sandbox.access_key,
            "secret_access_key": "any",
            "endpoint": aws_sandbox.endpoint,
        }
    )


@pytest.fixture
def connect(credential: AwsCredential) -> Connect:
    """Return a function that creates a provider for the sandbox, with additional fields."""

    def provider(**fields: object) -> AwsProvider:
        given = {**credential.model_dump(exclude_unset=True), **fields}
        return AwsProvider(AwsCredential.model_validate(given))

    return provider


@pytest.fixture
def provider(connect: Connect) -> AwsProvider:
    """Return a provider for the sandbox's main account."""
    return connect()


@pytest.fixture
def bare(aws_sandbox: Sandbox) -> Callable[[str], Any]:
    """Return a function that creates a boto3 client of a service for the main account."""
    session = boto3.session.Session(
        aws_access_key_id=aws_sandbox.access_key,
        aws_secret_access_key="any",
        region_name=REGION,
    )

    def client(service: Any) -> Any:
        return session.client(service, endpoint_url=aws_sandbox.endpoint)

    return client


@pytest.fixture
def ec2(bare: Callable[[str], Any]) -> EC2Client:
    """Return a boto3 client of EC2."""
    created: EC2Client = bare("ec2")
    return created


@pytest.fixture
def spec() -> Callable[..., InstanceSpec]:
    """Return a function that creates the spec of a small instance."""

    def of(**changes: Any) -> InstanceSpec:
        values = {"name": "web", "region": REGION, "type": "t3.small", "image": AMAZON_IMAGE}
        return InstanceSpec.model_validate(values | changes)

    return of

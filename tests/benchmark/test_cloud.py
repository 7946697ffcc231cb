"""The benchmark's cloud answers the provider, and plain boto3, as AWS would."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC

import pytest

from benchmarks.bare import read_everything
from providers.aws.credential import AwsCredential
from providers.aws.provider import AwsProvider
from skyclust.model.instance import InstanceState
from skyclust.model.resource import ResourceKind

pytestmark = pytest.mark.benchmark

INSTANCES = 40
REGIONS = ["ap-northeast-1", "ap-northeast-2", "ap-northeast-3"]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.cloud", "--regions", str(len(REGIONS))]
    with subprocess.Popen(
        [*command, "--instances", str(INSTANCES)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["endpoint"]
        process.terminate()


@pytest.fixture
def provider(endpoint: str) -> AwsProvider:
    values = {"access_key_id": "key", "secret_access_key": "secret", "endpoint": endpoint}
    return AwsProvider(AwsCredential.model_validate(values))


def test_the_provider_reads_every_instance_page_by_page(provider: AwsProvider) -> None:
    assert list(provider.regions()) == REGIONS
    found = [
        page
        for region in REGIONS
        for page in provider.list_resources(region, ResourceKind.INSTANCE, page_size=5)
    ]
    resources = [resource for page in found for resource in page]
    assert max(len(page) for page in found) == 5
    assert {one.name for one in resources} == {f"web-{number}" for number in range(INSTANCES)}
    assert len({one.id for one in resources}) == len(resources) == INSTANCES


def test_an_instance_looks_real(provider: AwsProvider) -> None:
    [first, *_] = next(provider.list_resources(REGIONS[0], ResourceKind.INSTANCE))
    assert first.state == InstanceState.RUNNING
    assert first.created_at is not None
    assert first.created_at.tzinfo is UTC
    assert first.attributes["private_addresses"] == ["10.0.0.0"]
    assert first.tags["environment"] == "production"


@pytest.mark.parametrize("kind", sorted(AwsProvider.kinds - {ResourceKind.INSTANCE}))
def test_there_is_nothing_else(provider: AwsProvider, kind: ResourceKind) -> None:
    assert [one for page in provider.list_resources(REGIONS[0], kind) for one in page] == []


def test_plain_boto3_reads_the_same(endpoint: str) -> None:
    assert read_everything(endpoint) == INSTANCES

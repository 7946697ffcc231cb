"""AWS passes the shared suite."""

from __future__ import annotations

from types import SimpleNamespace
from typing import ClassVar

import pytest

from providers.aws.provider import AwsProvider
from skyclust.conformance import (
    BucketSuite,
    CatalogSuite,
    ComputeSuite,
    ConsoleSuite,
    CostSuite,
    CostTotalsSuite,
    DeletionSuite,
    DiskSuite,
    InventorySuite,
    MetricsSuite,
    PlacementSuite,
    ProviderSuite,
    SnapshotSuite,
    TagSuite,
)
from tests.conformance.aws_costs import AwsCostHarness, AwsExportHarness
from tests.fixtures.sandbox import Sandbox

ONE_PAGE = "DescribeAddresses answers with everything at once: there is nothing between pages."


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK make all its attempts without pauses."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda _: True)


@pytest.mark.integration
class TestAws(
    ProviderSuite,
    InventorySuite,
    ComputeSuite,
    CatalogSuite,
    PlacementSuite,
    SnapshotSuite,
    DiskSuite,
    DeletionSuite,
    ConsoleSuite,
    TagSuite,
    CostSuite,
    CostTotalsSuite,
    MetricsSuite,
    BucketSuite,
):
    """The AWS provider against the sandbox AWS; costs are those of Cost Explorer."""

    provider_class = AwsProvider
    gaps: ClassVar = {
        "test_an_endless_list_is_noticed[address]": ONE_PAGE,
        "test_small_pages_give_the_same[address]": ONE_PAGE,
        "test_a_failure_between_pages_raises[address-denied]": ONE_PAGE,
        "test_a_failure_between_pages_raises[address-expired]": ONE_PAGE,
        "test_a_failure_between_pages_raises[address-broken]": ONE_PAGE,
    }

    @pytest.fixture
    def harness(self, aws_sandbox: Sandbox, impatient: None) -> AwsCostHarness:
        """The sandbox, and an SDK that makes all its attempts without pauses."""
        return AwsCostHarness(aws_sandbox)


@pytest.mark.integration
class TestAwsExport(CostSuite):
    """The AWS provider with an export of its bill."""

    provider_class = AwsProvider

    @pytest.fixture
    def harness(self, aws_sandbox: Sandbox, impatient: None) -> AwsExportHarness:
        """The sandbox, with the export of a bill."""
        return AwsExportHarness(aws_sandbox)

"""The Azure provider passes the conformance suite."""

from __future__ import annotations

from typing import ClassVar

import pytest

from providers.azure.provider import AzureProvider
from skyclust.conformance import (
    AccountInventorySuite,
    CatalogSuite,
    ComputeSuite,
    ConsoleSuite,
    CostSuite,
    CostTotalsSuite,
    DeletionSuite,
    DiskSuite,
    PlacementSuite,
    ProviderSuite,
    SnapshotSuite,
    TagSuite,
)
from tests.conformance.azure import AzureHarness
from tests.fixtures.azure import AzureSandbox


@pytest.mark.integration
class TestAzure(
    ProviderSuite,
    AccountInventorySuite,
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
):
    """The Azure provider against the Azure sandbox."""

    provider_class = AzureProvider
    gaps: ClassVar = {}

    @pytest.fixture
    def harness(self, azure_sandbox: AzureSandbox, monkeypatch: pytest.MonkeyPatch) -> AzureHarness:
        """Return the harness; the SDK retries without delays."""
        sleep = "azure.core.pipeline.transport.HttpTransport.sleep"
        monkeypatch.setattr(sleep, lambda transport, seconds: None)
        return AzureHarness(azure_sandbox)

"""The GCP provider passes the conformance suite."""

from __future__ import annotations

from types import SimpleNamespace
from typing import ClassVar

import pytest

from providers.gcp.provider import GcpProvider
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
from skyclust.model.resource import ResourceKind
from tests.conformance.gcp import GlobalHarness
from tests.conformance.gcp_costs import GcpCostHarness
from tests.fixtures.gcp import GcpSandbox

GLOBAL_KINDS = frozenset(
    {ResourceKind.FIREWALL, ResourceKind.IMAGE, ResourceKind.NETWORK, ResourceKind.SNAPSHOT}
)


class Regional(GcpProvider):
    """The provider with the kinds that exist in regions."""

    kinds = GcpProvider.kinds - GLOBAL_KINDS
    deletable = GcpProvider.deletable - GLOBAL_KINDS


class Global(GcpProvider):
    """The provider with the kinds that exist only in `global`."""

    kinds = GLOBAL_KINDS
    deletable = GcpProvider.deletable & GLOBAL_KINDS


@pytest.fixture
def no_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry calls without delays, and poll operations often."""
    monkeypatch.setattr("providers.gcp.retries.time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr("providers.gcp.operations.FIRST_POLL_SECONDS", 0.02)
    monkeypatch.setattr(
        "google.auth._exponential_backoff.time", SimpleNamespace(sleep=lambda _: None)
    )


@pytest.mark.integration
@pytest.mark.usefixtures("no_delays")
class TestGcp(
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
    """The GCP provider in a region of the sandbox GCP."""

    provider_class = Regional

    @pytest.fixture
    def harness(self, gcp_sandbox: GcpSandbox) -> GcpCostHarness:
        """The harness for a region, and for the billing export."""
        return GcpCostHarness(gcp_sandbox)


@pytest.mark.integration
@pytest.mark.usefixtures("no_delays")
class TestGcpGlobal(AccountInventorySuite, DeletionSuite):
    """Inventory of global resources, and the deletion of those that nothing uses."""

    provider_class: ClassVar = Global

    @pytest.fixture
    def harness(self, gcp_sandbox: GcpSandbox) -> GlobalHarness:
        """The harness for `global`."""
        return GlobalHarness(gcp_sandbox)

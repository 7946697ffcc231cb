"""GCP passes the shared suite."""

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
    DiskSuite,
    PlacementSuite,
    ProviderSuite,
    SnapshotSuite,
    TagSuite,
)
from skyclust.model.resource import ResourceKind
from tests.conformance.gcp import GcpHarness, GlobalHarness
from tests.fixtures.gcp import GcpSandbox

IN_NO_REGION = frozenset(
    {ResourceKind.FIREWALL, ResourceKind.IMAGE, ResourceKind.NETWORK, ResourceKind.SNAPSHOT}
)


class Regional(GcpProvider):
    """The provider as far as regions have what it lists."""

    kinds = GcpProvider.kinds - IN_NO_REGION


class Global(GcpProvider):
    """The provider as far as what it lists belongs to no region."""

    kinds = IN_NO_REGION


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """All attempts are made, without waiting between them; operations are looked at often."""
    monkeypatch.setattr("providers.gcp.retries.time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr("providers.gcp.operations.FIRST_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(
        "google.auth._exponential_backoff.time", SimpleNamespace(sleep=lambda _: None)
    )


@pytest.mark.integration
@pytest.mark.usefixtures("patient")
class TestGcp(
    ProviderSuite,
    AccountInventorySuite,
    ComputeSuite,
    CatalogSuite,
    PlacementSuite,
    SnapshotSuite,
    DiskSuite,
    ConsoleSuite,
    TagSuite,
):
    """The GCP provider against the sandbox GCP, in one of its regions."""

    provider_class = Regional

    @pytest.fixture
    def harness(self, gcp_sandbox: GcpSandbox) -> GcpHarness:
        """The sandbox, and one of its regions."""
        return GcpHarness(gcp_sandbox)


@pytest.mark.integration
@pytest.mark.usefixtures("patient")
class TestGcpGlobal(AccountInventorySuite):
    """Inventory of what belongs to no region."""

    provider_class: ClassVar = Global

    @pytest.fixture
    def harness(self, gcp_sandbox: GcpSandbox) -> GlobalHarness:
        """The sandbox, and the place of all that is in no region."""
        return GlobalHarness(gcp_sandbox)

"""The OpenStack provider passes the conformance suite."""

from __future__ import annotations

from types import SimpleNamespace
from typing import ClassVar

import pytest

from providers.openstack.provider import OpenStackProvider
from skyclust.conformance import (
    CatalogSuite,
    ComputeSuite,
    ConsoleSuite,
    CostSuite,
    CostTotalsSuite,
    DeletionSuite,
    DiskSuite,
    InventorySuite,
    PlacementSuite,
    ProviderSuite,
    SnapshotSuite,
    TagSuite,
)
from tests.conformance.openstack import OpenStackHarness
from tests.fixtures.openstack import OpenStackSandbox

SETTLE_SECONDS = 0.3

KEPT = "Cinder keeps a volume as long as it has snapshots; it is deleted with the last of them."


@pytest.mark.integration
class TestOpenStack(
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
):
    """The OpenStack provider against the sandbox OpenStack."""

    provider_class = OpenStackProvider
    gaps: ClassVar = {"test_restored_disks_are_deleted_with_the_instance": KEPT}

    @pytest.fixture
    def harness(
        self, openstack_sandbox: OpenStackSandbox, monkeypatch: pytest.MonkeyPatch
    ) -> OpenStackHarness:
        """The sandbox, and an SDK that retries without pauses."""
        monkeypatch.setattr("keystoneauth1.session.time", SimpleNamespace(sleep=lambda _: None))
        # The sandbox replies within milliseconds, Nova within a second.
        monkeypatch.setattr("providers.openstack.duplicate_servers.SETTLE_SECONDS", SETTLE_SECONDS)
        monkeypatch.setattr("providers.openstack.creation.SETTLE_SECONDS", SETTLE_SECONDS)
        return OpenStackHarness(openstack_sandbox)

"""Proxmox VE passes the shared suite."""

from __future__ import annotations

from typing import ClassVar

import pytest

from providers.proxmox.provider import ProxmoxProvider
from skyclust.conformance import (
    CatalogSuite,
    ComputeSuite,
    DeletionSuite,
    DiskSuite,
    InventorySuite,
    MetricsSuite,
    ProviderSuite,
    SnapshotSuite,
    TagSuite,
)
from tests.conformance.proxmox import ProxmoxHarness
from tests.fixtures.proxmox import ProxmoxSandbox

ONE_READ = (
    "A bridge is one network on all its nodes: the bridges of every node are read before the first"
    " page."
)
NO_PAGES = "Proxmox VE has no pages: each list is one reply, which cannot be endless."
NO_QUOTAS = "Proxmox VE has no quotas: a full storage or node is exhausted capacity."


@pytest.mark.integration
class TestProxmox(
    ProviderSuite,
    InventorySuite,
    ComputeSuite,
    CatalogSuite,
    SnapshotSuite,
    DiskSuite,
    DeletionSuite,
    TagSuite,
    MetricsSuite,
):
    """The Proxmox VE provider against the sandbox cluster."""

    provider_class = ProxmoxProvider
    gaps: ClassVar = {
        "test_a_failure_between_pages_raises[network-denied]": ONE_READ,
        "test_a_failure_between_pages_raises[network-expired]": ONE_READ,
        "test_a_failure_between_pages_raises[network-broken]": ONE_READ,
        "test_a_full_cloud_gives_the_reason[quota]": NO_QUOTAS,
        "test_an_endless_list_is_noticed": NO_PAGES,
    }

    @pytest.fixture
    def hasty(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A provider with short pauses."""
        monkeypatch.setattr("providers.proxmox.client.READ_PAUSES", (0, 0, 0))
        monkeypatch.setattr("providers.proxmox.tasks.FIRST_PAUSE", 0.02)
        monkeypatch.setattr("providers.proxmox.tasks.LONGEST_PAUSE", 0.05)

    @pytest.fixture
    def harness(self, hasty: None, proxmox_sandbox: ProxmoxSandbox) -> ProxmoxHarness:
        """The sandbox, and a provider with short pauses."""
        return ProxmoxHarness(proxmox_sandbox)

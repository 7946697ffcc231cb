"""The conformance suite while the cluster's own list shows every change with a delay."""

from __future__ import annotations

import pytest

from tests.conformance import test_proxmox
from tests.conformance.proxmox import ProxmoxHarness
from tests.fixtures.proxmox import ProxmoxSandbox

LAG_SECONDS = 1.0


@pytest.mark.slow
class TestALaggingList(test_proxmox.TestProxmox):
    """An outdated list neither duplicates a guest nor hides one."""

    @pytest.fixture
    def harness(self, hasty: None, proxmox_sandbox: ProxmoxSandbox) -> ProxmoxHarness:
        """The sandbox with a delayed list, and a provider with short pauses."""
        harness = ProxmoxHarness(proxmox_sandbox)
        harness.lag(LAG_SECONDS)
        return harness

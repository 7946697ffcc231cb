"""The whole shared suite once more, while the cluster's own list shows every change later."""

from __future__ import annotations

import pytest

from tests.conformance import test_proxmox
from tests.conformance.proxmox import ProxmoxHarness
from tests.fixtures.proxmox import ProxmoxSandbox

LAG_SECONDS = 1.0


@pytest.mark.slow
class TestALaggingList(test_proxmox.TestProxmox):
    """No list that is behind makes two machines of one, or one that runs on gone."""

    @pytest.fixture
    def harness(self, hasty: None, proxmox_sandbox: ProxmoxSandbox) -> ProxmoxHarness:
        """The sandbox, its list behind, and a provider that hardly pauses."""
        harness = ProxmoxHarness(proxmox_sandbox)
        harness.lag(LAG_SECONDS)
        return harness

"""The test suite that every provider passes: ours and other people's.

A provider joins with one test file. It names its class, and gives a harness: how to reach
a sandbox cloud, seed it and make it fail.

    from skyclust.conformance import ComputeSuite, InventorySuite, ProviderSuite

    class TestAcme(ProviderSuite, InventorySuite, ComputeSuite):
        provider_class = AcmeProvider
        gaps = {"test_a_token_with_another_spec_is_refused": "Acme keeps no request"}

        @pytest.fixture
        def harness(self, acme_sandbox: AcmeSandbox) -> AcmeHarness:
            return AcmeHarness(acme_sandbox)

`ProviderSuite` is for everyone, each other suite for one capability; leaving out the suite
of a capability that the class has is a failure. `gaps` names what a cloud cannot do,
by test name and with its reason: a strict xfail, so a gap that closes is noticed.
`skyclust.conformance.memory` is a whole provider that passes, to read beside this.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "skyclust.conformance.suite",
    "skyclust.conformance.provider",
    "skyclust.conformance.inventory",
    "skyclust.conformance.account",
    "skyclust.conformance.interrupted_creation",
    "skyclust.conformance.catalog",
    "skyclust.conformance.creation",
    "skyclust.conformance.disks",
    "skyclust.conformance.identity",
    "skyclust.conformance.lifecycle",
    "skyclust.conformance.instance",
    "skyclust.conformance.odd_answers",
    "skyclust.conformance.placement",
    "skyclust.conformance.snapshots",
    "skyclust.conformance.console_and_tags",
)

from skyclust.conformance.account import AccountInventorySuite  # noqa: E402
from skyclust.conformance.catalog import CatalogSuite  # noqa: E402
from skyclust.conformance.compute import ComputeSuite  # noqa: E402
from skyclust.conformance.console_and_tags import ConsoleSuite, TagSuite  # noqa: E402
from skyclust.conformance.disks import DiskSuite  # noqa: E402
from skyclust.conformance.harness import (  # noqa: E402
    CatalogHarness,
    ComputeHarness,
    ConsoleHarness,
    DiskHarness,
    Failure,
    InventoryHarness,
    ProviderHarness,
    SnapshotHarness,
)
from skyclust.conformance.inventory import InventorySuite  # noqa: E402
from skyclust.conformance.placement import PlacementSuite  # noqa: E402
from skyclust.conformance.provider import ProviderSuite  # noqa: E402
from skyclust.conformance.snapshots import SnapshotSuite  # noqa: E402

__all__ = [
    "AccountInventorySuite",
    "CatalogHarness",
    "CatalogSuite",
    "ComputeHarness",
    "ComputeSuite",
    "ConsoleHarness",
    "ConsoleSuite",
    "DiskHarness",
    "DiskSuite",
    "Failure",
    "InventoryHarness",
    "InventorySuite",
    "PlacementSuite",
    "ProviderHarness",
    "ProviderSuite",
    "SnapshotHarness",
    "SnapshotSuite",
    "TagSuite",
]

"""The test suite that every provider passes, whether part of SkyClust or a plugin.

A provider joins with one test file, which sets the provider's class and returns a harness: access
to a sandbox cloud, with methods to seed it and to make it fail.

    from skyclust.conformance import ComputeSuite, InventorySuite, ProviderSuite

    class TestAcme(ProviderSuite, InventorySuite, ComputeSuite):
        provider_class = AcmeProvider
        gaps = {"test_a_token_with_another_spec_is_refused": "Acme does not store requests."}

        @pytest.fixture
        def harness(self, acme_sandbox: AcmeSandbox) -> AcmeHarness:
            return AcmeHarness(acme_sandbox)

`ProviderSuite` is for every provider, each other suite for one capability; it is a failure to leave
out the suite of a capability that the class has. `gaps` names the tests that a cloud cannot pass,
each with its reason. They are strict xfails: the run fails when such a test passes.
`skyclust.conformance.memory` is an example of a complete provider that passes.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "skyclust.conformance.suite",
    "skyclust.conformance.provider",
    "skyclust.conformance.inventory",
    "skyclust.conformance.account",
    "skyclust.conformance.interrupted_creation",
    "skyclust.conformance.buckets",
    "skyclust.conformance.catalog",
    "skyclust.conformance.costs",
    "skyclust.conformance.creation",
    "skyclust.conformance.deletions",
    "skyclust.conformance.disks",
    "skyclust.conformance.identity",
    "skyclust.conformance.lifecycle",
    "skyclust.conformance.instance",
    "skyclust.conformance.metrics",
    "skyclust.conformance.odd_answers",
    "skyclust.conformance.placement",
    "skyclust.conformance.snapshots",
    "skyclust.conformance.console_and_tags",
)

from skyclust.conformance.account import AccountInventorySuite  # noqa: E402
from skyclust.conformance.buckets import BucketSuite  # noqa: E402
from skyclust.conformance.catalog import CatalogSuite  # noqa: E402
from skyclust.conformance.compute import ComputeSuite  # noqa: E402
from skyclust.conformance.console_and_tags import ConsoleSuite, TagSuite  # noqa: E402
from skyclust.conformance.costs import CostSuite, CostTotalsSuite  # noqa: E402
from skyclust.conformance.deletions import DeletionSuite  # noqa: E402
from skyclust.conformance.disks import DiskSuite  # noqa: E402
from skyclust.conformance.harness import (  # noqa: E402
    BucketHarness,
    CatalogHarness,
    ComputeHarness,
    ConsoleHarness,
    CostHarness,
    DiskHarness,
    Failure,
    InventoryHarness,
    MetricsHarness,
    ProviderHarness,
    SnapshotHarness,
)
from skyclust.conformance.inventory import InventorySuite  # noqa: E402
from skyclust.conformance.metrics import MetricsSuite  # noqa: E402
from skyclust.conformance.placement import PlacementSuite  # noqa: E402
from skyclust.conformance.provider import ProviderSuite  # noqa: E402
from skyclust.conformance.snapshots import SnapshotSuite  # noqa: E402

__all__ = [
    "AccountInventorySuite",
    "BucketHarness",
    "BucketSuite",
    "CatalogHarness",
    "CatalogSuite",
    "ComputeHarness",
    "ComputeSuite",
    "ConsoleHarness",
    "ConsoleSuite",
    "CostHarness",
    "CostSuite",
    "CostTotalsSuite",
    "DeletionSuite",
    "DiskHarness",
    "DiskSuite",
    "Failure",
    "InventoryHarness",
    "InventorySuite",
    "MetricsHarness",
    "MetricsSuite",
    "PlacementSuite",
    "ProviderHarness",
    "ProviderSuite",
    "SnapshotHarness",
    "SnapshotSuite",
    "TagSuite",
]

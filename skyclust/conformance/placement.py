"""The suite of `PlacementProvider`: checking a region before an instance is created in it."""

from __future__ import annotations

import pytest

from skyclust.conformance.harness import ComputeHarness, Failure
from skyclust.conformance.instance import InstanceSuite
from skyclust.contract import PlacementProvider, Provider
from skyclust.errors import InvalidRequest, NotFound, PermissionDenied


class PlacementSuite(InstanceSuite):
    """The requirements on a provider that checks regions."""

    @pytest.fixture
    def placement(self, provider: Provider) -> PlacementProvider:
        """Return the provider as a PlacementProvider."""
        assert isinstance(provider, PlacementProvider)
        return provider

    def test_a_region_that_has_everything_passes(
        self, placement: PlacementProvider, harness: ComputeHarness
    ) -> None:
        """The check accepts an instance that can be created, and creates nothing."""
        before = list(harness.resource_ids())
        placement.check_placement(harness.spec("web"))
        assert list(harness.resource_ids()) == before

    def test_a_region_without_the_network_is_refused(
        self, placement: PlacementProvider, harness: ComputeHarness
    ) -> None:
        """The check refuses what the create would refuse, and names it."""
        network = harness.unknown["network"]
        spec = harness.spec("web").model_copy(update={"network": network})
        with pytest.raises((InvalidRequest, NotFound)) as raised:
            placement.check_placement(spec)
        assert network in raised.value.message

    def test_a_region_that_cannot_be_checked_does_not_pass(
        self, placement: PlacementProvider, harness: ComputeHarness
    ) -> None:
        """A missing permission raises, and the region is not accepted."""
        harness.fail(Failure.DENIED)
        with pytest.raises(PermissionDenied):
            placement.check_placement(harness.spec("web"))

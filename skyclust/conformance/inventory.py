"""The suite of `InventoryProvider`: lists that are complete or raise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final, cast

import pytest

from skyclust.conformance.harness import Failure, InventoryHarness
from skyclust.conformance.odd_answers import OddAnswerSuite
from skyclust.conformance.suite import assert_names_provider_and_cause
from skyclust.contract import InventoryProvider, Provider
from skyclust.errors import (
    AuthenticationFailed,
    PermissionDenied,
    SkyClustError,
    Throttled,
    Unavailable,
    Unsupported,
)
from skyclust.model.instance import InstanceState
from skyclust.model.resource import Resource, ResourceKind, ResourceState

FUTURE_KIND: Final = cast("ResourceKind", "future_kind")
"""A kind that a later contract might add."""

READERS: Final = 8
"""Threads that read a region with one provider object at the same time."""

LISTS: Final = frozenset(
    {
        "addresses", "attached_to", "cidrs", "disks", "firewalls", "interfaces",
        "private_addresses", "public_addresses", "rules", "snapshots", "zones",
    }
)  # fmt: skip
"""Attributes that are lists in every cloud (docs/reference/resources.md), even with one entry."""


class InventorySuite(OddAnswerSuite):
    """The requirements on a provider that lists resources."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test that takes a kind with every kind that the provider declares."""
        if "kind" in metafunc.fixturenames:
            assert issubclass(self.provider_class, InventoryProvider)
            metafunc.parametrize("kind", sorted(self.provider_class.kinds), ids=str)

    @pytest.fixture
    def inventory(self, provider: Provider) -> InventoryProvider:
        """Return the provider as an InventoryProvider."""
        assert isinstance(provider, InventoryProvider)
        return provider

    def test_kinds_are_declared(self) -> None:
        """The class declares its kinds, and at least one."""
        assert issubclass(self.provider_class, InventoryProvider)
        assert self.provider_class.kinds
        assert self.provider_class.kinds <= set(ResourceKind)

    def test_what_exists_is_listed(
        self, inventory: InventoryProvider, harness: InventoryHarness, kind: ResourceKind
    ) -> None:
        """Every resource is listed once."""
        made = harness.seed(kind, 3)
        listed = _ids(inventory, harness.region, kind)
        assert len(set(made)) >= 3, "harness.seed() has to create as many as requested"
        assert set(made) <= set(listed)
        assert len(listed) == len(set(listed))

    def test_small_pages_give_the_same(
        self, inventory: InventoryProvider, harness: InventoryHarness, kind: ResourceKind
    ) -> None:
        """The smallest pages list the same, and each is read by a call of its own."""
        harness.seed(kind, 2 * harness.smallest_page + 1)
        usual = _ids(inventory, harness.region, kind)
        before = harness.calls()
        pages = list(inventory.list_resources(harness.region, kind, page_size=1))
        listed = [resource.id for page in pages for resource in page]
        assert sorted(listed) == sorted(usual)
        assert sum(1 for page in pages if page) >= 3
        assert harness.calls() - before >= 3

    @pytest.mark.parametrize(
        ("failure", "expected"),
        [
            (Failure.DENIED, PermissionDenied),
            (Failure.EXPIRED, AuthenticationFailed),
            (Failure.BROKEN, Unavailable),
        ],
        ids=["denied", "expired", "broken"],
    )
    def test_a_failure_between_pages_raises(
        self,
        inventory: InventoryProvider,
        harness: InventoryHarness,
        kind: ResourceKind,
        failure: Failure,
        expected: type[SkyClustError],
    ) -> None:
        """A list that cannot be read to its end raises."""
        harness.seed(kind, 2 * harness.smallest_page + 1)
        pages = inventory.list_resources(harness.region, kind, page_size=1)
        next(pages)
        harness.fail(failure)
        with pytest.raises(expected):
            list(pages)

    def test_a_refused_credential_raises_in_every_list(
        self, harness: InventoryHarness, kind: ResourceKind
    ) -> None:
        """A wrong credential raises, and the list is never empty."""
        harness.seed(kind, 1)
        provider = self.provider_class(harness.wrong_credential())
        assert isinstance(provider, InventoryProvider)
        with pytest.raises(AuthenticationFailed) as failure:
            list(provider.list_resources(harness.region, kind))
        assert_names_provider_and_cause(failure.value, provider.name)

    def test_a_denied_region_raises_in_every_list(
        self, provider: Provider, harness: InventoryHarness, kind: ResourceKind
    ) -> None:
        """A region without permission raises, and is never empty."""
        assert isinstance(provider, InventoryProvider)
        harness.seed(kind, 1)
        harness.fail(Failure.DENIED)
        with pytest.raises(PermissionDenied) as failure:
            list(provider.list_resources(harness.region, kind))
        assert_names_provider_and_cause(failure.value, provider.name)

    @pytest.mark.parametrize(
        ("failure", "expected"),
        [(Failure.THROTTLED, Throttled), (Failure.BROKEN, Unavailable)],
        ids=["throttled", "broken"],
    )
    def test_a_failing_cloud_raises_in_every_list(
        self,
        inventory: InventoryProvider,
        harness: InventoryHarness,
        kind: ResourceKind,
        failure: Failure,
        expected: type[SkyClustError],
    ) -> None:
        """A temporary failure raises a Transient error."""
        harness.fail(failure)
        with pytest.raises(expected):
            list(inventory.list_resources(harness.region, kind))

    def test_an_unknown_region_raises_in_every_list(
        self, inventory: InventoryProvider, kind: ResourceKind
    ) -> None:
        """A misspelt region raises, and is never empty."""
        with pytest.raises(SkyClustError):
            list(inventory.list_resources("no-such-region-1", kind))

    def test_an_unsupported_kind_raises(
        self, inventory: InventoryProvider, harness: InventoryHarness
    ) -> None:
        """A kind that the provider does not list is Unsupported, never an empty list."""
        for kind in {*ResourceKind, FUTURE_KIND} - inventory.kinds:
            with pytest.raises(Unsupported):
                list(inventory.list_resources(harness.region, kind))

    def test_a_region_lists_its_own(
        self, inventory: InventoryProvider, provider: Provider, harness: InventoryHarness
    ) -> None:
        """No resource is listed in two regions: ids are unique by region and kind."""
        others = [region for region in provider.regions() if region != harness.region]
        for kind in sorted(inventory.kinds):
            made = set(harness.seed(kind, 2))
            for region in others[:2]:
                assert made.isdisjoint(_ids(inventory, region, kind))

    def test_resources_are_well_formed(
        self,
        inventory: InventoryProvider,
        provider: Provider,
        harness: InventoryHarness,
        kind: ResourceKind,
    ) -> None:
        """Each resource names provider, region and kind, and has the model's states and types."""
        harness.seed(kind, 3)
        states = set(InstanceState) if kind is ResourceKind.INSTANCE else set(ResourceState)
        for resource in _read(inventory, harness.region, kind):
            assert resource.provider == provider.name
            assert (resource.region, resource.kind) == (harness.region, kind)
            assert resource.id
            assert Resource.model_validate(resource.model_dump()) == resource
            stored = json.dumps(resource.attributes, allow_nan=False)
            assert json.loads(stored) == resource.attributes
            assert _attributes_that_are_no_lists(resource) == []
            assert resource.state is None or resource.state in states
            assert (resource.state is None) == (not resource.native_state)

    def test_times_are_aware_and_utc(
        self, inventory: InventoryProvider, harness: InventoryHarness, kind: ResourceKind
    ) -> None:
        """Times have a time zone and are in UTC, or they would change when they are stored."""
        harness.seed(kind, 2)
        times = [r.created_at for r in _read(inventory, harness.region, kind) if r.created_at]
        assert [time for time in times if time.utcoffset() != timedelta(0)] == []

    def test_reading_twice_gives_the_same(
        self, inventory: InventoryProvider, harness: InventoryHarness, kind: ResourceKind
    ) -> None:
        """Unchanged resources are equal in both reads, so that inventory reports no change."""
        harness.seed(kind, 3)
        first = {resource.id: resource for resource in _read(inventory, harness.region, kind)}
        second = {resource.id: resource for resource in _read(inventory, harness.region, kind)}
        assert first == second

    def test_many_threads_read_the_same(
        self, inventory: InventoryProvider, harness: InventoryHarness
    ) -> None:
        """One provider object serves many threads."""
        kind = min(inventory.kinds)
        harness.seed(kind, 2 * harness.smallest_page + 1)
        expected = sorted(_ids(inventory, harness.region, kind))

        def read(_: int) -> list[str]:
            pages = inventory.list_resources(harness.region, kind, page_size=1)
            return sorted(resource.id for page in pages for resource in page)

        with ThreadPoolExecutor(READERS) as pool:
            assert list(pool.map(read, range(READERS))) == [expected] * READERS


def _attributes_that_are_no_lists(resource: Resource) -> list[str]:
    """Return the names of the attributes in `LISTS` that are not lists."""
    return [
        name
        for name, value in resource.attributes.items()
        if name in LISTS and not isinstance(value, list | None)
    ]


def _read(inventory: InventoryProvider, region: str, kind: ResourceKind) -> Iterator[Resource]:
    pages: Iterator[Sequence[Resource]] = inventory.list_resources(region, kind)
    return (resource for page in pages for resource in page)


def _ids(inventory: InventoryProvider, region: str, kind: ResourceKind) -> list[str]:
    return [resource.id for resource in _read(inventory, region, kind)]

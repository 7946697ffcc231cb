"""Creating instances: two requests with one token make one instance, whatever crashed between."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

import pytest

from skyclust.conformance.harness import ComputeHarness, Failure
from skyclust.conformance.instance import TOKEN, InstanceSuite, InstanceUnderTest, unknown_instance
from skyclust.conformance.suite import assert_names_provider_and_cause
from skyclust.contract import ComputeProvider, InventoryProvider
from skyclust.errors import (
    AuthenticationFailed,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    SkyClustError,
    Throttled,
    Transient,
)
from skyclust.model.instance import DiskSpec, Instance, InstanceSpec, InstanceState
from skyclust.model.resource import ResourceKind

OTHER_TOKEN: Final = "6d1e8a52-88a5-4e0e-b7a1-5ce3c6f0b9d4"  # noqa: S105  # as TOKEN
ATTEMPTS: Final = 5
"""The attempts of a task with its retries."""

CREATORS: Final = 4


class Compute(Protocol):
    """A call of `ComputeProvider` that must raise the cloud's failure."""

    def __call__(self, provider: ComputeProvider, harness: ComputeHarness) -> object:
        """Make the call."""


CALLS: Final[dict[str, Compute]] = {
    "create": lambda provider, harness: provider.create_instance(harness.spec("web"), TOKEN),
    "find": lambda provider, harness: provider.find_instances(harness.region, TOKEN),
    "get": lambda provider, harness: provider.get_instance(
        harness.region, harness.unknown_instance_id
    ),
    "delete": lambda provider, harness: provider.delete_instance(unknown_instance(harness)),
}


class CreationSuite(InstanceSuite):
    """The requirements on `create_instance` and `find_instances`."""

    def test_an_instance_is_created_as_specified(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """Name, type, region, zone and tags are those of the spec."""
        spec = harness.spec("web")
        assert spec.tags, "harness.spec() needs tags"
        made = compute.create_instance(spec, TOKEN)
        read = compute.get_instance(harness.region, made.id)
        assert made.id
        assert made.state in {InstanceState.PENDING, InstanceState.RUNNING}
        for instance in (made, read):
            assert instance.native_state
            assert (instance.id, instance.name) == (made.id, spec.name)
            assert (instance.region, instance.type) == (spec.region, spec.type)
            assert spec.zone in {None, instance.zone}
            assert spec.tags.items() <= instance.tags.items()
        assert harness.instance_count() == 1

    def test_image_and_network_may_be_named(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """A name and an id of an image or network give the same instance."""
        by_id = compute.create_instance(harness.spec("web"), TOKEN)
        by_name = compute.create_instance(harness.spec_by_names("api"), OTHER_TOKEN)
        assert (by_name.image, by_name.network, by_name.subnet) == (
            by_id.image,
            by_id.network,
            by_id.subnet,
        )

    def test_one_token_makes_one_instance(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """A second create with the token returns the instance of the first."""
        first = compute.create_instance(harness.spec("web"), TOKEN)
        second = compute.create_instance(harness.spec("web"), TOKEN)
        assert second.id == first.id
        assert harness.instance_count() == 1

    def test_one_token_makes_one_instance_from_another_process(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """Another provider object, as in another process, finds the instance by its token."""
        first = compute.create_instance(harness.spec("web"), TOKEN)
        other = self.provider_class(harness.credential())
        assert isinstance(other, ComputeProvider)
        assert other.create_instance(harness.spec("web"), TOKEN).id == first.id
        assert harness.instance_count() == 1

    def test_two_tokens_make_two_instances(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """Another token is another request."""
        first = compute.create_instance(harness.spec("web"), TOKEN)
        second = compute.create_instance(harness.spec("api"), OTHER_TOKEN)
        assert first.id != second.id
        assert harness.instance_count() == 2

    def test_one_token_at_the_same_time_makes_one_instance(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """Concurrent creates with one token, of a run and of its successor, create one instance."""
        spec = harness.spec("web")
        start = threading.Barrier(CREATORS)

        def create(_: int) -> str:
            start.wait()
            return _created(compute, spec).id

        with ThreadPoolExecutor(CREATORS) as pool:
            ids = set(pool.map(create, range(CREATORS)))
        assert len(ids) == 1
        assert harness.instance_count() == 1

    def test_a_lost_reply_makes_one_instance(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """A create whose reply was lost can be repeated."""
        harness.fail(Failure.LOST_REPLY)
        made = _created(compute, harness.spec("web"))
        assert harness.instance_count() == 1
        assert [found.id for found in compute.find_instances(harness.region, TOKEN)] == [made.id]

    def test_an_instance_of_a_lost_reply_is_found(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """After a crash another process finds the instance by its token."""
        harness.fail(Failure.LOST_REPLY)
        try:
            compute.create_instance(harness.spec("web"), TOKEN)
        except Transient:
            harness.recover()
        other = self.provider_class(harness.credential())
        assert isinstance(other, ComputeProvider)
        assert len(other.find_instances(harness.region, TOKEN)) == 1
        assert harness.instance_count() == 1

    def test_a_token_with_another_spec_is_refused(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """A token is valid only for the spec that it was first used with."""
        spec = harness.spec("web")
        compute.create_instance(spec, TOKEN)
        with pytest.raises(InvalidRequest):
            compute.create_instance(spec.model_copy(update={"type": harness.other_type}), TOKEN)
        assert harness.instance_count() == 1

    def test_an_instance_is_found_by_its_token(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """The token finds an instance from its creation until it is deleted."""
        made = compute.create_instance(harness.spec("web"), TOKEN)
        other = compute.create_instance(harness.spec("api"), OTHER_TOKEN)
        assert [found.id for found in compute.find_instances(harness.region, TOKEN)] == [made.id]
        found = compute.find_instances(harness.region, OTHER_TOKEN)
        assert [instance.id for instance in found] == [other.id]

    def test_an_unused_token_finds_nothing(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """An instance with another token is never returned."""
        compute.create_instance(harness.spec("web"), TOKEN)
        assert list(compute.find_instances(harness.region, OTHER_TOKEN)) == []

    @pytest.mark.parametrize("field", ["image", "type", "network"])
    def test_an_unknown_image_type_or_network_is_refused(
        self, compute: ComputeProvider, harness: ComputeHarness, field: str
    ) -> None:
        """An unknown image, type or network raises a Terminal error, and nothing is created."""
        spec = harness.spec("web").model_copy(update={field: harness.unknown[field]})
        with pytest.raises((InvalidRequest, NotFound)):
            compute.create_instance(spec, TOKEN)
        assert harness.instance_count() == 0

    @pytest.mark.parametrize("call", CALLS)
    def test_a_refused_credential_raises_in_every_call(
        self, harness: ComputeHarness, call: str
    ) -> None:
        """A search without permission raises, and is never empty."""
        provider = self.provider_class(harness.wrong_credential())
        assert isinstance(provider, ComputeProvider)
        with pytest.raises(AuthenticationFailed) as failure:
            CALLS[call](provider, harness)
        assert_names_provider_and_cause(failure.value, provider.name)

    @pytest.mark.parametrize("call", CALLS)
    @pytest.mark.parametrize(
        ("failure", "expected"),
        [(Failure.DENIED, PermissionDenied), (Failure.THROTTLED, Throttled)],
        ids=["denied", "throttled"],
    )
    def test_a_failure_raises_in_every_call(
        self,
        compute: ComputeProvider,
        harness: ComputeHarness,
        call: str,
        failure: Failure,
        expected: type[SkyClustError],
    ) -> None:
        """A refused or throttled call raises."""
        harness.fail(failure)
        with pytest.raises(expected):
            CALLS[call](compute, harness)
        assert harness.instance_count() == 0

    @pytest.mark.parametrize("call", CALLS)
    @pytest.mark.parametrize("failure", [Failure.HTML, Failure.NULL])
    def test_an_odd_answer_is_no_answer_to_a_call(
        self, compute: ComputeProvider, harness: ComputeHarness, call: str, failure: Failure
    ) -> None:
        """An undocumented answer raises: it does not show whether an instance exists."""
        harness.fail(failure)
        with pytest.raises(Transient):
            CALLS[call](compute, harness)

    def test_disks_are_created_and_deleted_with_the_instance(
        self, compute: ComputeProvider, harness: ComputeHarness
    ) -> None:
        """The disks that were created for an instance are deleted with it."""
        assert isinstance(compute, InventoryProvider)
        before = _disks(compute, harness.region)
        spec = harness.spec("web").model_copy(update={"disks": (DiskSpec(size_gib=1),)})
        instance = InstanceUnderTest(
            compute, harness, compute.create_instance(spec, TOKEN).reference
        )
        instance.wait_for(InstanceState.RUNNING)
        assert len(_disks(compute, harness.region) - before) >= 1
        compute.delete_instance(instance.reference)
        instance.wait_for(InstanceState.DELETED)
        assert _disks(compute, harness.region) == before


def _created(compute: ComputeProvider, spec: InstanceSpec) -> Instance:
    """Create as a task does: repeat with the same token while the error is Transient."""
    for _ in range(ATTEMPTS - 1):
        try:
            return compute.create_instance(spec, TOKEN)
        except Transient:
            continue
    return compute.create_instance(spec, TOKEN)


def _disks(inventory: InventoryProvider, region: str) -> set[str]:
    pages = inventory.list_resources(region, ResourceKind.DISK)
    return {disk.id for page in pages for disk in page}

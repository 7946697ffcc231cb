"""The suite of `DeletionProvider`: resources that nothing uses are deleted, and no others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from skyclust.conformance.harness import DiskHarness, Failure
from skyclust.conformance.instance import InstanceSuite, InstanceUnderTest
from skyclust.contract import (
    AccountInventoryProvider,
    DeletionProvider,
    DiskProvider,
    InventoryProvider,
    Provider,
)
from skyclust.errors import Conflict, NotFound, Transient, Unsupported
from skyclust.model.instance import InstanceState
from skyclust.model.resource import Resource, ResourceKind, ResourceState
from skyclust.model.resource_reference import reference_of


class DeletionSuite(InstanceSuite):
    """The requirements on a provider that deletes disks, addresses or snapshots."""

    @pytest.fixture
    def deletion(self, provider: Provider) -> DeletionProvider:
        """Return the provider as a DeletionProvider."""
        assert isinstance(provider, DeletionProvider)
        return provider

    def test_an_unused_resource_is_deleted(
        self, deletion: DeletionProvider, harness: DiskHarness
    ) -> None:
        """A resource is as the inventory lists it, is deleted, and is NotFound from then on."""
        for seen in _seeded(deletion, harness):
            assert seen == deletion.get_resource(seen.region, seen.kind, seen.id)
            deletion.delete_resource(reference_of(seen))
            _await_gone(deletion, harness, seen)
            assert seen.id not in _listed(deletion, harness, seen.kind)
            with pytest.raises(NotFound):
                deletion.delete_resource(reference_of(seen))

    def test_a_lost_reply_deletes_one_resource(
        self, deletion: DeletionProvider, harness: DiskHarness
    ) -> None:
        """A deletion whose reply was lost can be repeated, and other resources stay."""
        for seen in _seeded(deletion, harness):
            others = {*_listed(deletion, harness, seen.kind)} - {seen.id}
            harness.fail(Failure.LOST_CHANGE)
            _delete_with_retries(deletion, harness, seen)
            harness.recover()
            _await_gone(deletion, harness, seen)
            assert {*_listed(deletion, harness, seen.kind)} == others

    def test_another_resource_with_the_id_is_not_deleted(
        self, deletion: DeletionProvider, harness: DiskHarness
    ) -> None:
        """A resource whose identity is not the one that is meant is NotFound, and stays."""
        for seen in _seeded(deletion, harness):
            of_another = reference_of(seen).model_copy(update={"identity": "created in 1970"})
            with pytest.raises(NotFound):
                deletion.delete_resource(of_another)
            assert seen.id in _listed(deletion, harness, seen.kind)

    def test_an_attached_disk_is_not_deleted(
        self, deletion: DeletionProvider, instance: InstanceUnderTest, harness: DiskHarness
    ) -> None:
        """A disk that an instance has is a Conflict, and stays attached."""
        if ResourceKind.DISK not in deletion.deletable:
            return
        assert isinstance(deletion, DiskProvider)
        disk_id = harness.spare_disk()
        deletion.attach_disk(instance.reference, disk_id)
        seen = _await_use(deletion, harness, disk_id)
        instance.wait_for(InstanceState.RUNNING)
        with pytest.raises(Conflict):
            deletion.delete_resource(reference_of(seen))
        assert deletion.get_disk(harness.region, disk_id).attributes["attached_to"]

    def test_an_address_in_use_is_not_deleted(
        self, deletion: DeletionProvider, instance: InstanceUnderTest, harness: DiskHarness
    ) -> None:
        """The address of an instance is a Conflict, and stays."""
        if ResourceKind.ADDRESS not in deletion.deletable:
            return
        addresses = _listed(deletion, harness, ResourceKind.ADDRESS)
        used = [each for each in addresses.values() if each.attributes["attached_to"]]
        for address in used:
            with pytest.raises(Conflict):
                deletion.delete_resource(reference_of(address))
        left = _listed(deletion, harness, ResourceKind.ADDRESS)
        assert {each.id for each in used} <= {*left}

    def test_a_kind_that_is_not_deleted_is_unsupported(
        self, deletion: DeletionProvider, harness: DiskHarness
    ) -> None:
        """A resource of another kind is Unsupported, and stays."""
        assert isinstance(deletion, InventoryProvider)
        assert ResourceKind.INSTANCE not in deletion.deletable
        kind = min(deletion.kinds - deletion.deletable - {ResourceKind.INSTANCE})
        [kept_id] = harness.seed(kind, 1)
        kept = _listed(deletion, harness, kind)[kept_id]
        with pytest.raises(Unsupported):
            deletion.get_resource(kept.region, kind, kept_id)
        with pytest.raises(Unsupported):
            deletion.delete_resource(reference_of(kept))
        assert kept_id in _listed(deletion, harness, kind)


def _seeded(deletion: DeletionProvider, harness: DiskHarness) -> Iterator[Resource]:
    """Yield a new unused resource of each kind that is deleted, as the inventory lists it."""
    for kind in sorted(deletion.deletable):
        resource_id = (
            harness.spare_disk() if kind is ResourceKind.DISK else harness.seed(kind, 1)[0]
        )
        yield _listed(deletion, harness, kind)[resource_id]


def _listed(
    deletion: DeletionProvider, harness: DiskHarness, kind: ResourceKind
) -> dict[str, Resource]:
    """Return the resources of a kind by id, also those of a region for what is global."""
    if isinstance(deletion, AccountInventoryProvider):
        pages = [page.resources for page in deletion.list_account(kind)]
    else:
        assert isinstance(deletion, InventoryProvider)
        pages = list(deletion.list_resources(harness.region, kind))
    return {resource.id: resource for page in pages for resource in page}


def _delete_with_retries(
    deletion: DeletionProvider, harness: DiskHarness, resource: Resource
) -> None:
    """Request a deletion as a task with retries does; NotFound: the lost request was enough."""
    end = time.monotonic() + harness.deadline_seconds
    with suppress(NotFound):
        while True:
            try:
                deletion.delete_resource(reference_of(resource))
            except Transient:
                assert time.monotonic() < end, "the deletion is not accepted in time"
                time.sleep(harness.poll_seconds)
            else:
                return


def _await_gone(deletion: DeletionProvider, harness: DiskHarness, resource: Resource) -> None:
    end = time.monotonic() + harness.deadline_seconds
    while True:
        try:
            seen = deletion.get_resource(resource.region, resource.kind, resource.id)
        except NotFound:
            return
        assert seen.state in {ResourceState.DELETING, resource.state}
        assert time.monotonic() < end, f"{resource.kind} {resource.id} is still {seen.state}"
        time.sleep(harness.poll_seconds)


def _await_use(deletion: DeletionProvider, harness: DiskHarness, disk_id: str) -> Resource:
    end = time.monotonic() + harness.deadline_seconds
    while True:
        seen = deletion.get_resource(harness.region, ResourceKind.DISK, disk_id)
        if seen.attributes["attached_to"]:
            return seen
        assert time.monotonic() < end, f"disk {disk_id} is not attached"
        time.sleep(harness.poll_seconds)

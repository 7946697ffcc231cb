"""Crash drill of deletions: an unused resource is deleted once, and none beside it.

On AWS the process is killed around the store's transactions and the contract's calls, on the
other clouds around every request that may change something.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skyclust.contract import DeletionProvider, InventoryProvider
from skyclust.model.operation import Operation, OperationState
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.resource_reference import reference_of
from skyclust.orchestration.runs import run_here
from skyclust.store import audit, operations, resources
from tests.drills.clouds import Cloud
from tests.drills.dying import (
    crossings_of,
    killed_at,
    mark_crashed,
    open_slots,
    sampled_crossings,
    sampled_requests,
)

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

AT_RANDOM = 3
FLOW = "delete-resource"


class Deletions:
    """Resources of one kind that runs are to delete, each by the name of its run."""

    def __init__(self, cloud: Cloud, kind: ResourceKind) -> None:
        self._cloud, self._kind = cloud, kind
        self._made: dict[str, Resource] = {}
        self.bystander = self._make()

    def parameters(self, name: str) -> dict[str, Any]:
        self._made[name] = made = self._make()
        return {
            "kind": self._kind.value,
            "resource": made.id,
            "credential": self._cloud.credential,
            "region": made.region,
        }

    def check(self, name: str, where: str) -> None:
        """Assert that the resource is gone everywhere, or nothing was journalled."""
        mark_crashed()
        outcome = run_here("recover-operations", {})
        assert outcome.state_type == "COMPLETED", outcome.message
        made, journalled = self._made[name], self._journalled(name)
        if not journalled:
            assert {made.id, self.bystander.id} <= self._in_cloud(), where
            self._provider.delete_resource(reference_of(made))
            return
        [operation] = journalled
        assert operation.state is OperationState.SUCCEEDED, f"{where}: {operation.error}"
        assert made.id not in self._in_cloud(), where
        assert self.bystander.id in self._in_cloud(), where
        assert made.id not in self._in_inventory(), where
        assert self._audited(operation) == 1, where

    @property
    def _provider(self) -> DeletionProvider:
        provider = self._cloud.provider
        assert isinstance(provider, DeletionProvider)
        return provider

    def _make(self) -> Resource:
        """Make a resource that nothing uses, and let the inventory know it."""
        harness, region = self._cloud.harness, self._cloud.region
        [made] = harness.seed(self._kind, 1)
        seen = self._provider.get_resource(region, self._kind, made)
        with self._cloud.store.writing() as connection:
            resources.record(connection, "default", self._cloud.credential, seen, run_id=None)
        return seen

    def _journalled(self, name: str) -> list[Operation]:
        with self._cloud.store.reading() as connection:
            known = operations.list_all(connection, "default", credential=self._cloud.credential)
        return [one for one in known if one.subject_id == self._made[name].id]

    def _in_cloud(self) -> set[str]:
        provider = self._cloud.provider
        assert isinstance(provider, InventoryProvider)
        pages = provider.list_resources(self._cloud.region, self._kind)
        return {one.id for page in pages for one in page}

    def _in_inventory(self) -> set[str]:
        with self._cloud.store.reading() as connection:
            found = resources.find(connection, "default", kinds=[self._kind])
        return {one.id for one in found}

    def _audited(self, operation: Operation) -> int:
        with self._cloud.store.reading() as connection:
            entries = audit.list_all(connection, "default")
        ended = f"{self._kind.value}.delete.succeeded"
        return sum(
            (each.action, each.object) == (ended, f"operation/{operation.id}") for each in entries
        )


@pytest.mark.parametrize("cloud", ["aws"], indirect=True)
@pytest.mark.parametrize("kind", [ResourceKind.DISK, ResourceKind.ADDRESS])
def test_a_resource_is_deleted_once_whatever_call_or_commit_is_the_last(
    cloud: Cloud, kind: ResourceKind, tmp_path: Path
) -> None:
    open_slots(cloud.credential)
    deletions = Deletions(cloud, kind)
    crossings = crossings_of(FLOW, deletions.parameters("whole"), tmp_path / "whole")
    deletions.check("whole", "not killed")
    assert {"before delete_resource #1", "after delete_resource #1"} <= {*crossings}
    chosen = sampled_crossings(crossings, AT_RANDOM)
    killed_at(chosen, FLOW, deletions.parameters, deletions.check, tmp_path)


@pytest.mark.parametrize("cloud", ["azure", "gcp", "openstack", "proxmox"], indirect=True)
def test_a_disk_is_deleted_once_whatever_request_is_cut_off(cloud: Cloud, tmp_path: Path) -> None:
    open_slots(cloud.credential)
    deletions = Deletions(cloud, ResourceKind.DISK)
    parameters, log = deletions.parameters("whole"), tmp_path / "whole"
    crossings = crossings_of(FLOW, parameters, log, crossings_at="requests")
    deletions.check("whole", "not killed")
    assert len(crossings) >= 2
    chosen = sampled_requests(crossings, AT_RANDOM)
    killed_at(
        chosen, FLOW, deletions.parameters, deletions.check, tmp_path, crossings_at="requests"
    )

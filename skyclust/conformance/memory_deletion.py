"""Deletion of unattached disks in the cloud in memory."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from skyclust.conformance import memory_disks
from skyclust.conformance.memory_cloud import MemoryCloud
from skyclust.conformance.memory_translation import NAME, cloud_errors, to_resource
from skyclust.contract import DeletionProvider
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.resource_reference import ResourceReference
from skyclust.providerkit.deletable import require_deletable, require_deletable_kind


class MemoryDeletion(DeletionProvider):
    """Deletes disks; the cloud lists no snapshots and has no addresses."""

    deletable: ClassVar[frozenset[ResourceKind]] = frozenset({ResourceKind.DISK})
    _key: str

    def get_resource(self, region: str, kind: ResourceKind, resource_id: str) -> Resource:
        """Return the current state of a disk."""
        require_deletable_kind(kind, self.deletable, provider=NAME)
        with cloud_errors():
            item = memory_disks.get_disk(self._cloud(), self._key, region, resource_id)
        return to_resource(region, kind, item)

    def delete_resource(self, resource: ResourceReference) -> None:
        """Delete a disk at once, unless an instance has it or another disk has its id."""
        require_deletable(resource, self.get_resource(resource.region, resource.kind, resource.id))
        with cloud_errors():
            memory_disks.delete_disk(self._cloud(), self._key, resource.region, resource.id)

    @abstractmethod
    def _cloud(self) -> MemoryCloud:
        """Return the cloud of the credential."""

"""Faults of the deletion of resources."""

from __future__ import annotations

from skyclust.conformance import memory_disks
from skyclust.conformance.memory import MemoryProvider
from skyclust.model.resource_reference import ResourceReference, reference_of


class DeletesResourcesByIdAlone(MemoryProvider):
    def delete_resource(self, resource: ResourceReference) -> None:
        seen = self.get_resource(resource.region, resource.kind, resource.id)
        super().delete_resource(reference_of(seen))


class DetachesADiskToDeleteIt(MemoryProvider):
    def delete_resource(self, resource: ResourceReference) -> None:
        disk = self.get_disk(resource.region, resource.id)
        for server in disk.attributes["attached_to"] or ():  # type: ignore[union-attr]  # a list
            place = (self._cloud(), self._key, resource.region)
            memory_disks.detach_disk(*place, str(server), resource.id)
        super().delete_resource(resource)


class DeletesNothing(MemoryProvider):
    def delete_resource(self, resource: ResourceReference) -> None:
        self.get_resource(resource.region, resource.kind, resource.id)

"""The ability to delete resources that nothing uses: disks, addresses, snapshots."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from skyclust.contract.ability import Ability
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.resource_reference import ResourceReference


class DeletionProvider(Ability):
    """Deletes unused resources, each by a reference that proves which one is meant."""

    deletable: ClassVar[frozenset[ResourceKind]]
    """The kinds that it deletes; any other kind is Unsupported."""

    @abstractmethod
    def get_resource(self, region: str, kind: ResourceKind, resource_id: str) -> Resource:
        """Return the resource now, as the inventory lists it; raises NotFound for an unknown id.

        A resource that is being deleted has the state DELETING as long as the cloud reports it.
        """

    @abstractmethod
    def delete_resource(self, resource: ResourceReference) -> None:
        """Request the deletion of an unused resource and return.

        Does nothing for a resource that is being deleted. Raises NotFound, without any change,
        for a resource that does not exist or whose id belongs to another one by now, and Conflict
        for one that is in use or of which the cloud does not report what uses it. A request that
        was repeated because its reply was lost is no error.
        """

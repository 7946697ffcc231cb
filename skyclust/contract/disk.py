"""The ability to attach disks to instances and to detach them."""

from __future__ import annotations

from abc import abstractmethod

from skyclust.contract.ability import Ability
from skyclust.model.instance import InstanceReference
from skyclust.model.resource import Resource


class DiskProvider(Ability):
    """Attaches existing disks to instances, and detaches them."""

    @abstractmethod
    def get_disk(self, region: str, disk_id: str) -> Resource:
        """Return the disk now, as the inventory lists it; raises NotFound for an unknown id."""

    @abstractmethod
    def attach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Request the attachment of a disk to an instance and return.

        Does nothing for a disk that is attached to the instance already. Raises InvalidRequest or
        Conflict for a disk that is attached to another instance. A disk that was attached by this
        call is not deleted with the instance.
        """

    @abstractmethod
    def detach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Request the detachment of a disk from an instance and return; the disk is kept.

        Does nothing for a disk that is not attached to the instance. Raises InvalidRequest for the
        boot disk of a running instance.
        """

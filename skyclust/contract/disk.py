"""The ability to attach disks to machines and to detach them."""

from __future__ import annotations

from abc import abstractmethod

from skyclust.contract.ability import Ability
from skyclust.model.instance import InstanceReference
from skyclust.model.resource import Resource


class DiskProvider(Ability):
    """Can attach disks that exist to machines, and detach them."""

    @abstractmethod
    def get_disk(self, region: str, disk_id: str) -> Resource:
        """Return the disk as inventory does, now; raises NotFound when there is none."""

    @abstractmethod
    def attach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Ask for a disk to be attached to a machine and return.

        A disk that is attached to the machine already is left as it is; one that another
        machine has raises InvalidRequest or Conflict. Attached so, it outlives the machine.
        """

    @abstractmethod
    def detach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Ask for a disk to be detached from a machine and return; the disk stays.

        A disk that the machine does not have is left as it is. The boot disk of a running
        machine is refused with InvalidRequest.
        """

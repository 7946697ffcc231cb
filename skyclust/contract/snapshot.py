"""The ability to take snapshots of an instance's disks, and to restore them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from skyclust.contract.ability import Ability
from skyclust.model.instance import Instance, InstanceReference
from skyclust.model.snapshot import InstanceSnapshot


class SnapshotProvider(Ability):
    """Takes snapshots of all disks of an instance, and restores the disks to a snapshot."""

    @abstractmethod
    def create_snapshot(
        self, instance: InstanceReference, name: str, token: str
    ) -> InstanceSnapshot:
        """Request a snapshot of all disks of an instance and return it as accepted.

        Two calls with one token take one snapshot. Raises NotFound for an unknown instance.
        """

    @abstractmethod
    def list_snapshots(self, region: str, instance_id: str) -> Sequence[InstanceSnapshot]:
        """Return the snapshots of the instance, the oldest first.

        Includes snapshots that are being taken or deleted, and failed ones; see their `state`.
        """

    @abstractmethod
    def must_stop_to_restore(self, instance: Instance) -> bool:
        """Return whether the instance has to be stopped before `restore_snapshot`."""

    @abstractmethod
    def restore_snapshot(self, instance: InstanceReference, snapshot_id: str, token: str) -> bool:
        """Do the next steps of a restore; return whether all disks are restored.

        Called again, with the same token and by any process, until it returns True; a call
        does not wait for long. Disks that are replaced are deleted once the new disks are
        attached. Raises NotFound for an unknown instance or snapshot before anything is changed,
        and InvalidRequest or Conflict when the instance has to be stopped first.
        """

    @abstractmethod
    def delete_snapshot(self, instance: InstanceReference, snapshot_id: str) -> None:
        """Request the deletion of a snapshot and return; a deleted snapshot is no error.

        The instance itself may be deleted already, on clouds where its snapshots are kept.
        """

"""The ability to keep the disks of a machine, and to put the machine back to them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from skyclust.contract.ability import Ability
from skyclust.model.instance import Instance, InstanceReference
from skyclust.model.snapshot import InstanceSnapshot


class SnapshotProvider(Ability):
    """Can keep the disks of a machine as they are, and put the machine back to that."""

    @abstractmethod
    def create_snapshot(
        self, instance: InstanceReference, name: str, token: str
    ) -> InstanceSnapshot:
        """Ask for a snapshot of all disks of a machine and return it as accepted.

        Two calls with one token make one. Raises NotFound for an unknown machine.
        """

    @abstractmethod
    def list_snapshots(self, region: str, instance_id: str) -> Sequence[InstanceSnapshot]:
        """Return the snapshots that the machine can be put back to, the oldest first.

        Those being made, deleted or broken are told too.
        """

    @abstractmethod
    def must_stop_to_restore(self, instance: Instance) -> bool:
        """Return whether this machine has to be stopped before `restore_snapshot`."""

    @abstractmethod
    def restore_snapshot(self, instance: InstanceReference, snapshot_id: str, token: str) -> bool:
        """Bring the machine's disks nearer to the snapshot; return whether they are there.

        Called again, with the same token and by any process, until it returns True; a call
        does not wait for long. Disks that are replaced are deleted once the others are in
        their place. Raises NotFound for an unknown machine or snapshot before anything is
        touched, InvalidRequest or Conflict when the machine has to be stopped first.
        """

    @abstractmethod
    def delete_snapshot(self, instance: InstanceReference, snapshot_id: str) -> None:
        """Ask for the end of a snapshot and return; one that is gone is no error.

        The machine may be gone where its snapshots outlive it.
        """

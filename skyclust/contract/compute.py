"""The ability to make, change and remove machines."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from skyclust.contract.ability import Ability
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec


class ComputeProvider(Ability):
    """Can make, change and remove machines.

    A change of a machine that has ended raises NotFound or InvalidRequest, and one that the
    machine is too busy for raises Conflict with its `provider` set. `skyclust.conformance`
    tests all that stands here.
    """

    @abstractmethod
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Ask the cloud for one machine and return it as accepted, not yet awaited.

        Two calls with one token make one machine, whatever died in between. A second call
        with the token and another spec raises InvalidRequest where the cloud can tell. What
        the machine needs and the spec does not name (an interface, an address, a boot disk) is
        made with it, and nothing of it is left when the machine cannot be made. Raises
        CapacityExhausted or QuotaExceeded where the cloud refuses for that; a cloud that
        accepts first and fails later shows a machine in the state ERROR with its `failure`.
        """

    @abstractmethod
    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the machines made with this token that still exist (at most one)."""

    @abstractmethod
    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return the machine as it is now; raises NotFound when the cloud knows none.

        A machine that the cloud still reports after its end has the state DELETED.
        """

    @abstractmethod
    def start_instance(self, instance: InstanceReference) -> None:
        """Ask for a start and return; a running machine is left as it is."""

    @abstractmethod
    def stop_instance(self, instance: InstanceReference, *, power_off_only: bool = False) -> None:
        """Ask for a stop and return; a stopped machine is left as it is.

        A stop ends what the machine costs where the cloud can do that. `power_off_only` keeps
        its place in the cloud, which is billed on; raises Unsupported where every stop gives
        the place back.
        """

    @abstractmethod
    def reboot_instance(self, instance: InstanceReference) -> None:
        """Ask for a reboot of a running machine, with one request and no retry, and return.

        A reboot is done at most once: a reply that was lost raises Unavailable or Timeout, and
        the caller decides.
        """

    @abstractmethod
    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return whether this machine has to be stopped before `resize_instance`."""

    @abstractmethod
    def resize_instance(self, instance: InstanceReference, instance_type: str) -> None:
        """Give the machine another type and return; the caller stops it first if it must.

        A machine that has the type already is left as it is.
        """

    @abstractmethod
    def delete_instance(self, instance: InstanceReference) -> None:
        """Ask for the end of the machine and of what was made for it alone, and return.

        A machine that is gone is no error while its id is nobody's.
        """

    @abstractmethod
    def remove_leftovers(self, instance: InstanceReference) -> None:
        """Remove what a machine that is gone left behind of what was made for it alone.

        Never deletes a machine, nor anything that a machine uses: while the machine exists, or
        another one has its id, the parts that are in use stay. Nothing left is no error.
        """

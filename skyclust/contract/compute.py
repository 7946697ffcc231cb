"""The ability to create, change and delete instances."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from skyclust.contract.ability import Ability
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec


class ComputeProvider(Ability):
    """Creates, changes and deletes instances.

    A change of a deleted instance raises NotFound or InvalidRequest. A change while the instance is
    busy with another one raises Conflict with its `provider` set. `skyclust.conformance` tests
    every rule of this class.
    """

    keeps_capacity: ClassVar[bool] = True
    """Whether a stop with `power_off_only` keeps the capacity of the instance.

    Without it the stop is refused before it is journalled."""

    @abstractmethod
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Request one instance and return it as accepted, without waiting until it runs.

        Two calls with one token create one instance, whatever crashed between them. A second call
        with the token and another spec raises InvalidRequest where the cloud can detect it. What
        the instance needs and the spec does not name (an interface, an address, a boot disk) is
        created with it, and nothing of it is left when the instance cannot be created. Raises
        CapacityExhausted or QuotaExceeded when the cloud refuses for that reason; a cloud that
        accepts first and fails later reports an instance in the state ERROR with its `failure`.
        """

    @abstractmethod
    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the instances created with this token that still exist (at most one)."""

    @abstractmethod
    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return the current state of an instance; raises NotFound for an unknown id.

        A deleted instance that the cloud still reports has the state DELETED.
        """

    @abstractmethod
    def start_instance(self, instance: InstanceReference) -> None:
        """Request a start and return; do nothing for a running instance."""

    @abstractmethod
    def stop_instance(self, instance: InstanceReference, *, power_off_only: bool = False) -> None:
        """Request a stop and return; do nothing for a stopped instance.

        A stop ends the billing of the instance where the cloud can do that. `power_off_only`
        keeps its capacity allocated, and billed; raises Unsupported where every stop releases the
        capacity.
        """

    @abstractmethod
    def reboot_instance(self, instance: InstanceReference) -> None:
        """Request a reboot of a running instance, with one request and no retry, and return.

        A reboot is carried out at most once: a lost reply raises Unavailable or Timeout, and the
        caller decides whether to repeat it.
        """

    @abstractmethod
    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return whether the instance has to be stopped before `resize_instance`."""

    @abstractmethod
    def resize_instance(self, instance: InstanceReference, instance_type: str) -> None:
        """Change the type of an instance and return; the caller stops it first where necessary.

        Does nothing for an instance that has the type already.
        """

    @abstractmethod
    def delete_instance(self, instance: InstanceReference) -> None:
        """Request the deletion of an instance and of what was created for it alone, and return.

        A deleted instance is no error, unless another instance has its id now.
        """

    @abstractmethod
    def remove_leftovers(self, instance: InstanceReference) -> None:
        """Delete what was created for a deleted instance alone and still exists.

        Never deletes an instance, nor anything that an instance uses: while the instance exists,
        or another instance has its id, the resources that are in use stay. It is no error when
        nothing is left.
        """

"""The ability to check whether an instance can be created, without creating it."""

from __future__ import annotations

from abc import abstractmethod

from skyclust.contract.ability import Ability
from skyclust.model.instance import InstanceSpec


class PlacementProvider(Ability):
    """Checks whether a region has what the creation of an instance needs."""

    @abstractmethod
    def check_placement(self, spec: InstanceSpec) -> None:
        """Return if no reason is known for which `create_instance` would refuse the spec.

        Only reads, and creates nothing. Raises InvalidRequest, NotFound, Unsupported or
        QuotaExceeded, with a message that names what is missing: a default network, an image or
        a type of that name, a service, room within a quota. Any other error of the tree means
        that the check itself failed.
        """

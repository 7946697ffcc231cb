"""The ability to tell whether a machine could be made in a place, without making it."""

from __future__ import annotations

from abc import abstractmethod

from skyclust.contract.ability import Ability
from skyclust.model.instance import InstanceSpec


class PlacementProvider(Ability):
    """Can check what making a machine needs of a place."""

    @abstractmethod
    def check_placement(self, spec: InstanceSpec) -> None:
        """Return when nothing is known that would keep `create_instance` from making this.

        Only reads, and makes nothing. Raises InvalidRequest, NotFound, Unsupported or
        QuotaExceeded, with a message that names what the place lacks: a default network, an
        image or a type of that name, a service, room within a quota. Any other error of the
        tree says that the place could not be checked.
        """

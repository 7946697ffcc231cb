"""The ability to change the tags of a machine."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping

from skyclust.contract.ability import Ability
from skyclust.model.instance import InstanceReference


class TagProvider(Ability):
    """Can change the tags of a machine."""

    @abstractmethod
    def set_tags(
        self,
        instance: InstanceReference,
        tags: Mapping[str, str],
        removed: Collection[str] = (),
    ) -> None:
        """Set these tags, remove those, and leave all others as they are.

        Doing it twice is doing it once. Raises InvalidRequest for a tag that the cloud does
        not take, or that the machine needs to be found again, before anything is changed.
        """

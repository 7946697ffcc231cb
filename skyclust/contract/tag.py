"""The ability to change the tags of an instance."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping

from skyclust.contract.ability import Ability
from skyclust.model.instance import InstanceReference


class TagProvider(Ability):
    """Changes the tags of instances."""

    @abstractmethod
    def set_tags(
        self,
        instance: InstanceReference,
        tags: Mapping[str, str],
        removed: Collection[str] = (),
    ) -> None:
        """Set the tags, remove the tags with the keys in `removed`, and keep all other tags.

        A repeated call changes nothing. Raises InvalidRequest, before any change, for a tag that
        the cloud does not accept, or by which the provider finds the instance.
        """

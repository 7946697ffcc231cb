"""The ability to list what machines can be made of."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence

from skyclust.contract.ability import Ability
from skyclust.model.catalog import Architecture, Image, InstanceType


class CatalogProvider(Ability):
    """Can tell what machines can be made of."""

    @abstractmethod
    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        """Yield the types that can be asked for in a region, page by page, each once."""

    @abstractmethod
    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        """Return the images of a family that machines can be made from, the newest first.

        `family` is the house's word, distribution and version (`ubuntu-24.04`, `debian-12`),
        or the cloud's own word for a family. Empty: the cloud has none of it.
        """

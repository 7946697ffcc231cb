"""The ability to list instance types and images."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence

from skyclust.contract.ability import Ability
from skyclust.model.catalog import Architecture, Image, InstanceType


class CatalogProvider(Ability):
    """Lists the instance types and images that instances can be created from."""

    @abstractmethod
    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        """Yield the instance types that a region offers, page by page, each once."""

    @abstractmethod
    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        """Return the images of a family that instances can be created from, the newest first.

        `family` is SkyClust's name for it, distribution and version (`ubuntu-24.04`,
        `debian-12`), or the cloud's own name of an image family. Empty: the cloud has no image of
        the family.
        """

"""Lookup of type, image and network in the cloud in memory."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

from skyclust.conformance.memory_items import TYPES, Item
from skyclust.conformance.memory_translation import NAME, to_id
from skyclust.contract import PlacementProvider
from skyclust.errors import NotFound
from skyclust.model.instance import InstanceSpec


class MemoryPlacement(PlacementProvider):
    """Checks the type, image and network of a spec."""

    def check_placement(self, spec: InstanceSpec) -> None:
        """Raise NotFound unless type, image and network exist."""
        if spec.type not in TYPES:
            raise NotFound(f"There is no type {spec.type!r} in {spec.region}.", provider=NAME)
        self._require(spec.region, "image", self._image(spec))
        self._require(spec.region, "network", self._network(spec))

    def _require(self, region: str, native_kind: str, identifier: str) -> None:
        ids = {item.id for page in self._pages(region, native_kind, None) for item in page}
        if identifier not in ids:
            raise NotFound(f"There is no {native_kind} {identifier!r} in {region}.", provider=NAME)

    def _image(self, spec: InstanceSpec) -> str:
        return self._find(spec.region, "image", spec.image)

    def _network(self, spec: InstanceSpec) -> str:
        return self._find(spec.region, "network", spec.network or "default")

    @abstractmethod
    def _pages(self, region: str, native_kind: str, limit: int | None) -> Iterator[list[Item]]:
        """Yield the items of a kind page by page."""

    def _find(self, region: str, native_kind: str, name_or_id: str) -> str:
        """Return the id of an image or network given by its id or by its name."""
        items = [item for page in self._pages(region, native_kind, None) for item in page]
        return to_id(items, name_or_id, f"{native_kind} in {region}")

"""Inventory: the reader of each kind of resource."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from providers.proxmox import disks, images, instances, networks, snapshots
from providers.proxmox.regions import check_region
from skyclust.contract import InventoryProvider
from skyclust.errors import Unsupported
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

Reader = Callable[["ProxmoxClients", str, int], Iterator[Sequence[Resource]]]

READERS: Final[dict[ResourceKind, Reader]] = {
    ResourceKind.INSTANCE: instances.get_instances,
    ResourceKind.DISK: disks.get_disks,
    ResourceKind.SNAPSHOT: snapshots.get_snapshots,
    ResourceKind.IMAGE: images.get_images,
    ResourceKind.NETWORK: networks.get_networks,
}

PAGE_SIZE: Final = 200
"""How many guests are read before they are yielded: Proxmox VE has no pages."""


class ProxmoxInventory(InventoryProvider):
    """Resources of a cluster."""

    kinds: ClassVar[frozenset[ResourceKind]] = frozenset(READERS)
    _clients: ProxmoxClients

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield every resource of a kind in the cluster, page by page.

        Raises Unsupported at once for a kind that is not in `kinds`.
        """
        reader = READERS.get(kind)
        if reader is None:
            raise Unsupported(f"The Proxmox VE provider does not list {kind}.", provider="proxmox")
        return self._pages(region, reader, page_size or PAGE_SIZE)

    def _pages(self, region: str, reader: Reader, page_size: int) -> Iterator[Sequence[Resource]]:
        check_region(self._clients, region)
        yield from reader(self._clients, region, page_size)

"""Inventory: for each kind, what lists it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from providers.proxmox import disks, images, instance_snapshots, instances, networks
from providers.proxmox.regions import refuse_elsewhere
from skyclust.errors import Unsupported
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

Reader = Callable[["ProxmoxConnections", str, int], Iterator[Sequence[Resource]]]

READERS: Final[dict[ResourceKind, Reader]] = {
    ResourceKind.INSTANCE: instances.get_instances,
    ResourceKind.DISK: disks.get_disks,
    ResourceKind.SNAPSHOT: instance_snapshots.get_snapshots,
    ResourceKind.IMAGE: images.get_images,
    ResourceKind.NETWORK: networks.get_networks,
}

PAGE_SIZE: Final = 200
"""Proxmox VE has no pages: so many machines are read before they are handed on."""


def list_resources(
    connections: ProxmoxConnections, region: str, kind: ResourceKind, page_size: int | None
) -> Iterator[Sequence[Resource]]:
    """Yield every resource of a kind in the cluster, page by page, to the end.

    Raises Unsupported at once for a kind that Proxmox VE does not have.
    """
    reader = READERS.get(kind)
    if reader is None:
        raise Unsupported(f"The Proxmox VE provider does not list {kind}.", provider="proxmox")
    return _pages(connections, region, reader, page_size or PAGE_SIZE)


def _pages(
    connections: ProxmoxConnections, region: str, reader: Reader, page_size: int
) -> Iterator[Sequence[Resource]]:
    refuse_elsewhere(connections, region)
    yield from reader(connections, region, page_size)

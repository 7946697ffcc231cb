"""Inventory: for each kind, what lists it and what makes resources of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from providers.openstack import (
    addresses,
    disks,
    firewalls,
    images,
    instances,
    load_balancers,
    networks,
    snapshots,
)
from skyclust.errors import Unsupported
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

Json = dict[str, Any]
Read = Callable[["OpenStackClients", str, int | None], Iterator[Sequence[Json]]]
Make = Callable[[str, Json], Resource]

SERVICES: Final = {
    ResourceKind.INSTANCE: "compute",
    ResourceKind.DISK: "block-storage",
    ResourceKind.SNAPSHOT: "block-storage",
    ResourceKind.IMAGE: "image",
    ResourceKind.NETWORK: "network",
    ResourceKind.SUBNET: "network",
    ResourceKind.FIREWALL: "network",
    ResourceKind.ADDRESS: "network",
    ResourceKind.LOAD_BALANCER: "load-balancer",
}
"""Which service has a kind. A cloud without the service does not have the kind."""

READERS: Final[dict[ResourceKind, tuple[Read, Make]]] = {
    ResourceKind.DISK: (disks.get_disks, disks.to_disk),
    ResourceKind.SNAPSHOT: (snapshots.get_snapshots, snapshots.to_snapshot),
    ResourceKind.IMAGE: (images.get_images, images.to_image),
    ResourceKind.NETWORK: (networks.get_networks, networks.to_network),
    ResourceKind.SUBNET: (networks.get_subnets, networks.to_subnet),
    ResourceKind.FIREWALL: (firewalls.get_firewalls, firewalls.to_firewall),
    ResourceKind.ADDRESS: (addresses.get_addresses, addresses.to_address),
    ResourceKind.LOAD_BALANCER: (
        load_balancers.get_load_balancers,
        load_balancers.to_load_balancer,
    ),
}
"""What reads the pages of a kind, and what makes a resource of one thing; instances need more."""


def list_resources(
    clients: OpenStackClients, region: str, kind: ResourceKind, page_size: int | None
) -> Iterator[Sequence[Resource]]:
    """Yield every resource of a kind in a region, page by page, to the end.

    Raises Unsupported for a kind that OpenStack does not have, at once, and for one that this
    cloud does not have, when the first page is asked for.
    """
    if kind not in SERVICES:
        raise Unsupported(f"The OpenStack provider does not list {kind}.", provider="openstack")
    return _pages(clients, region, kind, page_size)


def _pages(
    clients: OpenStackClients, region: str, kind: ResourceKind, page_size: int | None
) -> Iterator[Sequence[Resource]]:
    clients.endpoint(region, SERVICES[kind])
    if kind is ResourceKind.INSTANCE:
        for servers in instances.get_servers(clients, region, page_size):
            yield instances.resources(clients, region, servers)
        return
    get, make = READERS[kind]
    for page in get(clients, region, page_size):
        yield [make(region, thing) for thing in page]

"""Inventory: for each kind, the function that lists it and the one that converts its items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from providers.openstack import (
    addresses,
    disks,
    firewalls,
    images,
    load_balancers,
    networks,
    snapshots,
)
from providers.openstack.fields import Json, required_id
from providers.openstack.instances import get_servers, instance_converter
from skyclust.contract import InventoryProvider
from skyclust.errors import Unsupported
from skyclust.model.resource import Resource, ResourceKind, instance_resource
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

Read = Callable[["OpenStackClients", str, int | None], Iterator[Sequence[Any]]]
Convert = Callable[[Any], Resource]
MakeConverter = Callable[["OpenStackClients", str], Convert]

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
"""The service that has each kind. A cloud without the service does not have the kind."""

NAMES: Final = {
    "compute": "Nova and Neutron",
    "block-storage": "Cinder",
    "image": "Glance",
    "network": "Neutron",
    "load-balancer": "Octavia",
}
"""The names of the services that a kind is read from; a server's networks are read from Neutron."""

PLURALS: Final = {
    ResourceKind.INSTANCE: "servers",
    ResourceKind.DISK: "volumes",
    ResourceKind.SNAPSHOT: "snapshots",
    ResourceKind.IMAGE: "images",
    ResourceKind.NETWORK: "networks",
    ResourceKind.SUBNET: "subnets",
    ResourceKind.FIREWALL: "security groups",
    ResourceKind.ADDRESS: "floating IPs",
    ResourceKind.LOAD_BALANCER: "load balancers",
}


class OpenStackInventory(InventoryProvider):
    """Lists the resources of a project, or of all projects for an administrator."""

    kinds: ClassVar[frozenset[ResourceKind]] = frozenset(SERVICES)
    _clients: OpenStackClients

    @classmethod
    def service_of(cls, kind: ResourceKind) -> str:
        """Return the services that a kind is read from, empty for a kind that OpenStack lacks."""
        return NAMES.get(SERVICES.get(kind, ""), "")

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield every resource of a kind in a region, page by page, to the end.

        Raises Unsupported immediately for a kind that OpenStack does not have, and with the first
        page for a kind whose service this cloud does not have.
        """
        if kind not in SERVICES:
            raise Unsupported(f"The OpenStack provider does not list {kind}.", provider="openstack")
        return _pages(self._clients, region, kind, page_size)


def _pages(
    clients: OpenStackClients, region: str, kind: ResourceKind, page_size: int | None
) -> Iterator[Sequence[Resource]]:
    clients.endpoint(region, SERVICES[kind])  # Unsupported without the service
    get, make_converter = READERS[kind]
    convert = make_converter(clients, region)
    reader = ItemReader("openstack", f"{PLURALS[kind]} of {region}")
    for page in get(clients, region, page_size):
        yield reader.read(page, convert, region=region, name=_item_name)
    reader.finish()


def _by_region(convert: Callable[[str, Json], Resource]) -> MakeConverter:
    """Return a factory for a conversion that needs nothing but the region."""
    return lambda _, region: partial(convert, region)


def _instance_converter(clients: OpenStackClients, region: str) -> Convert:
    to_instance = instance_converter(clients, region)

    def convert(server: Any) -> Resource:
        required_id(server)
        return instance_resource(to_instance(server))

    return convert


def _item_name(item: Json) -> str:
    """Return what an error calls an item that cannot be read: its id, its name or its address."""
    return str(next(item[key] for key in ("id", "name", "floating_ip_address") if item.get(key)))


READERS: Final[dict[ResourceKind, tuple[Read, MakeConverter]]] = {
    ResourceKind.INSTANCE: (get_servers, _instance_converter),
    ResourceKind.DISK: (disks.get_disks, _by_region(disks.to_disk)),
    ResourceKind.SNAPSHOT: (snapshots.get_snapshots, _by_region(snapshots.to_snapshot)),
    ResourceKind.IMAGE: (images.get_images, _by_region(images.to_image)),
    ResourceKind.NETWORK: (networks.get_networks, _by_region(networks.to_network)),
    ResourceKind.SUBNET: (networks.get_subnets, _by_region(networks.to_subnet)),
    ResourceKind.FIREWALL: (firewalls.get_firewalls, _by_region(firewalls.to_firewall)),
    ResourceKind.ADDRESS: (addresses.get_addresses, _by_region(addresses.to_address)),
    ResourceKind.LOAD_BALANCER: (
        load_balancers.get_load_balancers,
        _by_region(load_balancers.to_load_balancer),
    ),
}
"""For each kind: the function that yields its pages, and the factory of its conversion."""

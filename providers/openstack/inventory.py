"""Inventory: for each kind, what lists it and what makes resources of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

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
from providers.openstack.instances import describer, get_servers
from skyclust.errors import Unsupported
from skyclust.model.resource import Resource, ResourceKind, instance_resource
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

Read = Callable[["OpenStackClients", str, int | None], Iterator[Sequence[Any]]]
Make = Callable[[Any], Resource]
Maker = Callable[["OpenStackClients", str], Make]

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

NAMES: Final = {
    "compute": "Nova and Neutron",
    "block-storage": "Cinder",
    "image": "Glance",
    "network": "Neutron",
    "load-balancer": "Octavia",
}
"""What a service is called that a kind is read from; a server's networks are named by Neutron."""

PLURALS: Final = {
    ResourceKind.INSTANCE: "servers",
    ResourceKind.DISK: "volumes",
    ResourceKind.SNAPSHOT: "snapshots",
    ResourceKind.IMAGE: "images",
    ResourceKind.NETWORK: "networks",
    ResourceKind.SUBNET: "subnets",
    ResourceKind.FIREWALL: "security groups",
    ResourceKind.ADDRESS: "floating addresses",
    ResourceKind.LOAD_BALANCER: "load balancers",
}


def service_of(kind: ResourceKind) -> str:
    """Return the services that a kind is read from, empty for a kind that OpenStack lacks."""
    return NAMES.get(SERVICES.get(kind, ""), "")


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
    get, maker = READERS[kind]
    make = maker(clients, region)
    reader = ItemReader("openstack", f"{PLURALS[kind]} of {region}")
    for page in get(clients, region, page_size):
        yield reader.read(page, make, region=region, name=_name)
    reader.finish()


def _plain(make: Callable[[str, Json], Resource]) -> Maker:
    """Return what needs nothing but the region to make resources."""
    return lambda _, region: partial(make, region)


def _machines(clients: OpenStackClients, region: str) -> Make:
    describe = describer(clients, region)

    def make(server: Any) -> Resource:
        required_id(server)
        return instance_resource(describe(server))

    return make


def _name(thing: Json) -> str:
    """Return what an error calls a thing that cannot be read: its id, its name or its address."""
    return str(next(thing[key] for key in ("id", "name", "floating_ip_address") if thing.get(key)))


READERS: Final[dict[ResourceKind, tuple[Read, Maker]]] = {
    ResourceKind.INSTANCE: (get_servers, _machines),
    ResourceKind.DISK: (disks.get_disks, _plain(disks.to_disk)),
    ResourceKind.SNAPSHOT: (snapshots.get_snapshots, _plain(snapshots.to_snapshot)),
    ResourceKind.IMAGE: (images.get_images, _plain(images.to_image)),
    ResourceKind.NETWORK: (networks.get_networks, _plain(networks.to_network)),
    ResourceKind.SUBNET: (networks.get_subnets, _plain(networks.to_subnet)),
    ResourceKind.FIREWALL: (firewalls.get_firewalls, _plain(firewalls.to_firewall)),
    ResourceKind.ADDRESS: (addresses.get_addresses, _plain(addresses.to_address)),
    ResourceKind.LOAD_BALANCER: (
        load_balancers.get_load_balancers,
        _plain(load_balancers.to_load_balancer),
    ),
}
"""What reads the pages of a kind, and what makes a resource of one thing of them."""

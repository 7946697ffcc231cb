"""Inventory: for each kind, what lists it and what makes a resource of it.

Azure lists by subscription. A region's list is the subscription's, and what lies elsewhere is
left out; whoever wants all regions takes `list_account`, which reads once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from providers.azure import (
    addresses,
    disks,
    firewalls,
    images,
    instances,
    load_balancers,
    networks,
    snapshots,
    versions,
)
from providers.azure.errors import azure_errors
from providers.azure.regions import check_region, get_regions
from skyclust.contract import AccountPage
from skyclust.errors import Unsupported
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


@dataclass(frozen=True)
class Reader:
    """`get` yields pages of what Azure has, `to_resource` makes a resource of one thing."""

    get: Callable[[AzureClients], Iterator[Sequence[Any]]]
    to_resource: Callable[[Any], Resource]


def _list(path: str, version: str) -> Callable[[AzureClients], Iterator[list[Document]]]:
    def get(clients: AzureClients) -> Iterator[list[Document]]:
        return clients.pages(f"{clients.subscription}/providers/{path}", version)

    return get


_COMPUTE: Final = "Microsoft.Compute"
_NETWORK: Final = "Microsoft.Network"
_get_networks: Final = _list(f"{_NETWORK}/virtualNetworks", versions.NETWORK)


def _get_subnets(clients: AzureClients) -> Iterator[list[Document]]:
    for page in _get_networks(clients):
        yield [subnet for network in page for subnet in networks.to_subnets(network)]


READERS: Final[dict[ResourceKind, Reader]] = {
    ResourceKind.INSTANCE: Reader(instances.get_instances, instances.to_resource),
    ResourceKind.DISK: Reader(_list(f"{_COMPUTE}/disks", versions.DISKS), disks.to_disk),
    ResourceKind.SNAPSHOT: Reader(
        _list(f"{_COMPUTE}/snapshots", versions.DISKS), snapshots.to_snapshot
    ),
    ResourceKind.IMAGE: Reader(_list(f"{_COMPUTE}/images", versions.COMPUTE), images.to_image),
    ResourceKind.NETWORK: Reader(_get_networks, networks.to_network),
    ResourceKind.SUBNET: Reader(_get_subnets, networks.to_subnet),
    ResourceKind.FIREWALL: Reader(
        _list(f"{_NETWORK}/networkSecurityGroups", versions.NETWORK), firewalls.to_firewall
    ),
    ResourceKind.ADDRESS: Reader(
        _list(f"{_NETWORK}/publicIPAddresses", versions.NETWORK), addresses.to_address
    ),
    ResourceKind.LOAD_BALANCER: Reader(
        _list(f"{_NETWORK}/loadBalancers", versions.NETWORK), load_balancers.to_load_balancer
    ),
}


def list_resources(
    clients: AzureClients, region: str, kind: ResourceKind
) -> Iterator[Sequence[Resource]]:
    """Yield every resource of a kind in a region, page by page, to the end.

    Raises Unsupported at once for a kind that Azure does not have here.
    """
    return _in_region(clients, region, kind, _reader(kind))


def list_account(clients: AzureClients, kind: ResourceKind) -> Iterator[AccountPage]:
    """Yield every resource of a kind in every region, page by page, to the end."""
    return _in_all_regions(clients, kind, _reader(kind))


def _in_region(
    clients: AzureClients, region: str, kind: ResourceKind, reader: Reader
) -> Iterator[Sequence[Resource]]:
    check_region(clients, region)
    for page in _pages(clients, kind, reader):
        yield [resource for resource in page if resource.region == region]


def _in_all_regions(
    clients: AzureClients, kind: ResourceKind, reader: Reader
) -> Iterator[AccountPage]:
    known = frozenset(get_regions(clients))
    for page in _pages(clients, kind, reader):
        yield AccountPage([resource for resource in page if resource.region in known])


def _pages(clients: AzureClients, kind: ResourceKind, reader: Reader) -> Iterator[list[Resource]]:
    pages = reader.get(clients)
    while True:
        with azure_errors(f"list {kind} of subscription {clients.subscription_id}"):
            page = next(pages, None)
        if page is None:
            return
        yield [reader.to_resource(thing) for thing in page]


def _reader(kind: ResourceKind) -> Reader:
    reader = READERS.get(kind)
    if reader is None:
        raise Unsupported(f"The Azure provider does not list {kind}.", provider="azure")
    return reader

"""Inventory: for each kind, what lists it and what makes a resource of it.

Azure lists by subscription. A region's list is the subscription's, and what lies elsewhere is
left out; whoever wants all regions takes `list_account`, which reads once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from providers.azure import (
    addresses,
    api_versions,
    disks,
    firewalls,
    galleries,
    images,
    instance_list,
    load_balancers,
    networks,
    snapshots,
)
from providers.azure.errors import azure_errors
from providers.azure.paging import Page
from providers.azure.regions import check_region
from providers.azure.resources import location_of
from skyclust.contract import AccountPage
from skyclust.errors import Unsupported
from skyclust.model.resource import Resource, ResourceKind
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

Reader = Callable[["AzureClients"], Iterator[Page]]
"""Yields the pages of what Azure has of a kind."""


def _list(path: str, version: str, to_resource: Callable[[Document], Resource]) -> Reader:
    def get(clients: AzureClients) -> Iterator[Page]:
        for things in clients.pages(f"{clients.subscription}/providers/{path}", version):
            yield Page(things, to_resource)

    return get


_COMPUTE: Final = "Microsoft.Compute"
_NETWORK: Final = "Microsoft.Network"
_get_images: Final = _list(f"{_COMPUTE}/images", api_versions.COMPUTE, images.to_image)


def _get_all_images(clients: AzureClients) -> Iterator[Page]:
    return chain(_get_images(clients), galleries.get_versions(clients))


READERS: Final[dict[ResourceKind, Reader]] = {
    ResourceKind.INSTANCE: instance_list.get_instances,
    ResourceKind.DISK: _list(f"{_COMPUTE}/disks", api_versions.DISKS, disks.to_disk),
    ResourceKind.SNAPSHOT: _list(
        f"{_COMPUTE}/snapshots", api_versions.DISKS, snapshots.to_snapshot
    ),
    ResourceKind.IMAGE: _get_all_images,
    ResourceKind.NETWORK: networks.get_networks,
    ResourceKind.SUBNET: networks.get_subnets,
    ResourceKind.FIREWALL: _list(
        f"{_NETWORK}/networkSecurityGroups", api_versions.NETWORK, firewalls.to_firewall
    ),
    ResourceKind.ADDRESS: _list(
        f"{_NETWORK}/publicIPAddresses", api_versions.NETWORK, addresses.to_address
    ),
    ResourceKind.LOAD_BALANCER: _list(
        f"{_NETWORK}/loadBalancers", api_versions.NETWORK, load_balancers.to_load_balancer
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
    """Yield every resource of a kind wherever it is, page by page, to the end.

    What is in a region that the subscription does not name is listed as well: whoever stores
    the list counts it, and says so.
    """
    return _in_all_regions(clients, kind, _reader(kind))


def _in_region(
    clients: AzureClients, region: str, kind: ResourceKind, reader: Reader
) -> Iterator[Sequence[Resource]]:
    check_region(clients, region)
    items = ItemReader("azure", f"resources of kind {kind} in {region}")
    for page in _pages(clients, kind, reader):
        to_resource = partial(_if_in, region, page.to_resource)
        yield items.read(page.things, to_resource, region=region)
    items.finish()


def _in_all_regions(
    clients: AzureClients, kind: ResourceKind, reader: Reader
) -> Iterator[AccountPage]:
    items = ItemReader("azure", f"resources of kind {kind}")
    for page in _pages(clients, kind, reader):
        yield AccountPage(items.read(page.things, page.to_resource, region=location_of))
    items.finish()


def _if_in(region: str, to_resource: Callable[[Document], Resource], thing: Any) -> Resource | None:
    """Return a thing as a resource, None when it is in another region.

    One that tells no region may be in any of them: reading it says so in each.
    """
    elsewhere = isinstance(thing, dict) and thing.get("location") and location_of(thing) != region
    return None if elsewhere else to_resource(thing)


def _pages(clients: AzureClients, kind: ResourceKind, reader: Reader) -> Iterator[Page]:
    pages = reader(clients)
    while True:
        with azure_errors(f"list {kind} of subscription {clients.subscription_id}"):
            page = next(pages, None)
        if page is None:
            return
        yield page


def _reader(kind: ResourceKind) -> Reader:
    reader = READERS.get(kind)
    if reader is None:
        raise Unsupported(f"The Azure provider does not list {kind}.", provider="azure")
    return reader
